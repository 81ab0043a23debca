// The site of the documentation, built as it is published and read in a real Chromium.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, extname, join, normalize, relative } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Browser } from "playwright-core";
import { temporaryFolder } from "sessile-test-support/folder";
import { launch, noChromium, openPage } from "../../admin/browser/chromium.ts";
import { assertFits, axe } from "../../admin/browser/operator.ts";

const ROOT = fileURLToPath(new URL("../../../../../", import.meta.url));
const PROJECT = JSON.parse(readFileSync(join(ROOT, "project.json"), "utf8")) as {
  repository: string;
  branch: string;
  site: string;
};
const BASE = new URL(PROJECT.site).pathname;
const TYPES: Record<string, string> = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css" };
const VIEWED = ["index.html", "frameworks.html", "api/sessile.html"];

describe("the site of the documentation", () => {
  const folder = temporaryFolder();
  let pages: string[] = [];
  const read = (page: string): string => readFileSync(join(folder, page), "utf8");

  before(async () => {
    await promisify(execFile)(process.execPath, [join(ROOT, "tools/site/build.mjs"), folder]);
    pages = filesIn(folder, ".html").filter((page) => page !== "404.html");
  });

  test("has every page of docs/ in its navigation, in its sitemap and in llms.txt", () => {
    const written = filesIn(join(ROOT, "docs"), ".md").filter((page) => page !== "index.md");
    const [sitemap, list, full] = [read("sitemap.xml"), read("llms.txt"), read("llms-full.txt")];
    for (const page of written) {
      const html = page.replace(/\.md$/, ".html");
      assert.ok(pages.includes(html), page);
      assert.ok(list.includes(`](${new URL(page, PROJECT.site)})`), `${page} is not in docs/navigation.json`);
      assert.ok(existsSync(join(folder, page)), `${page} is there for programs`);
      assert.ok(sitemap.includes(`<loc>${new URL(html.replace(/index\.html$/, ""), PROJECT.site)}</loc>`), page);
      const [title] = /^# .+$/m.exec(readFileSync(join(ROOT, "docs", page), "utf8")) ?? [page];
      assert.ok(full.includes(title), title);
    }
  });

  test("has no link that leads nowhere, not to a place in a page either, and none to a file that is not there", () => {
    const broken = pages.flatMap((page) =>
      linksOf(read(page))
        .filter((link) => !leadsSomewhere(link, page, read, folder))
        .map((link) => `${page}: ${link}`),
    );
    assert.deepEqual([...new Set(broken)], []);
  });

  describe("in a browser", { skip: noChromium }, () => {
    let [browser, server]: [Browser, Server] = [] as never;
    let url = "";

    before(async () => {
      server = createServer((request, response) => {
        const path = decodeURIComponent(new URL(request.url as string, "http://site").pathname).slice(BASE.length);
        const file = join(folder, path === "" || path.endsWith("/") ? `${path}index.html` : path);
        if (!existsSync(file)) return void response.writeHead(404).end();
        const type = TYPES[extname(file)] ?? (file.endsWith(".svg") ? "image/svg+xml" : "text/plain");
        response.writeHead(200, { "content-type": type }).end(readFileSync(file));
      }).listen(0, "127.0.0.1");
      await new Promise((resolve) => server.once("listening", resolve));
      url = `http://127.0.0.1:${(server.address() as AddressInfo).port}${BASE}`;
      browser = await launch();
    });
    after(async () => {
      await browser?.close();
      server?.close();
    });

    for (const colorScheme of ["light", "dark"] as const)
      for (const width of [360, 1440])
        test(`is accessible, fits and asks no other host, ${colorScheme} and ${width} px wide`, async () => {
          const viewport = { width, height: 900 };
          const { page, context, complaints } = await openPage(browser, url, { viewport, colorScheme });
          for (const path of [...VIEWED, ...guide()]) {
            await page.goto(url + path, { waitUntil: "networkidle" });
            assert.deepEqual(await axe(page), [], path);
            await assertFits(page, path);
          }
          assert.deepEqual(complaints, []);
          await context.close();
        });

    test("finds a page by its words, without another host", async () => {
      const { page, context, complaints } = await openPage(browser, url);
      await page.goto(url);
      await page.getByRole("button", { name: "Search" }).first().click();
      await page.getByRole("searchbox").fill("absoluteTimeout");
      await page.locator(".VPLocalSearchBox .result[href*='api/sessile']").first().waitFor();
      assert.deepEqual(complaints, []);
      await context.close();
    });
  });

  /** The first page of the guide, where there is one. */
  const guide = (): string[] => pages.filter((page) => page.startsWith("guide/")).slice(0, 1);
});

const filesIn = (folder: string, ending: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(ending));

/** The targets of a page's links and pictures. */
function linksOf(html: string): string[] {
  return [...html.matchAll(/<(?:a|img)\b[^>]*?\s(?:href|src)="([^"]+)"/g)].map(([, link]) =>
    (link as string).replaceAll("&amp;", "&"),
  );
}

function leadsSomewhere(link: string, page: string, read: (page: string) => string, folder: string): boolean {
  if (link.startsWith(PROJECT.repository)) {
    const [, path] = /\/(?:blob|edit)\/[^/]+\/(.*?)(?:#.*)?$/.exec(link) ?? [];
    return path === undefined || existsSync(join(ROOT, path));
  }
  if (/^(?:[a-z]+:|\/\/)/.test(link)) return true;
  const [path, hash] = link.split("#") as [string, string?];
  const below = path.startsWith(BASE) ? path.slice(BASE.length) : relative(".", join(dirname(page), path));
  const file = path === "" ? page : normalize(below === "" || path.endsWith("/") ? `${below}/index.html` : below);
  const target = file.replace(/^\//, "");
  if (!existsSync(join(folder, target))) return false;
  if (hash === undefined || hash === "" || !target.endsWith(".html")) return true;
  return read(target).includes(`id="${decodeURIComponent(hash)}"`);
}
