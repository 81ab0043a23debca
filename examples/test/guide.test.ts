// The programs of docs/guide/: each page shows what is run here, and each program does what its page says.

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { startRedis } from "sessile-test-support/redis-server";
import { Browser, start } from "./guide-program.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const GUIDE = join(ROOT, "docs/guide");

/** Folders whose files the pages quote. */
const QUOTED = ["examples", "tools/frameworks"];

/** The lines of a piece of code without their indentation, which differs between a page and its program. */
const linesOf = (code: string): string =>
  code
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .join("\n");

test("each piece of code in the guide is a part of a program that is run, and whole programs are whole", () => {
  const files = QUOTED.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
      .filter((file) => /\.(ts|tsx|vue|svelte|astro|mjs)$/.test(file) && !/node_modules|dist|build/.test(file))
      .map((file) => linesOf(readFileSync(join(ROOT, folder, file), "utf8"))),
  );
  const pages = readdirSync(GUIDE).filter((page) => page.endsWith(".md"));
  assert.ok(pages.length >= 8);
  for (const page of pages) {
    const blocks = [...readFileSync(join(GUIDE, page), "utf8").matchAll(/^```tsx?\n([\s\S]*?)^```$/gm)];
    for (const [, code] of blocks as unknown as [string, string][]) {
      const path = /^\/\/ (examples\/\S+)\n/.exec(code)?.[1];
      if (path !== undefined) {
        const program = readFileSync(join(ROOT, path), "utf8");
        assert.equal(code, `// ${path}\n${program}`, `${page} shows another ${path}: run npm run docs`);
      } else
        assert.ok(
          files.some((file) => file.includes(linesOf(code))),
          `${page}: no program has\n${code}`,
        );
    }
  }
});

test("links between pages of the guide, and from there to other files, lead to a file", () => {
  for (const page of readdirSync(GUIDE)) {
    const links = readFileSync(join(GUIDE, page), "utf8").matchAll(/\]\((?!https?:)([^)#]+)/g);
    for (const [, link] of links as Iterable<[string, string]>)
      assert.ok(existsSync(join(GUIDE, link)), `${page} links to ${link}`);
  }
});

type Call = (method: string, path: string, body?: object) => Promise<{ status: number; body: unknown }>;

/** A browser at `url`, which sends and reads JSON. */
function newBrowser(url: string): Call {
  const browser = new Browser();
  return async (method, path, body) => {
    const headers = body === undefined ? {} : { "content-type": "application/json" };
    const sent = { method, headers, ...(body && { body: JSON.stringify(body) }) };
    const response = await browser.send(url + path, sent);
    const text = await response.text();
    return { status: response.status, body: text === "" ? null : (JSON.parse(text) as unknown) };
  };
}

const NOT_SIGNED_IN = { status: 401, body: { detail: "Not authenticated" } };

describe("a program of the guide", { concurrency: 2 }, () => {
  /** Starts a program and gives `use` a browser at it. */
  function program(name: string, title: string, use: (browser: Call, url: string) => Promise<void>): void {
    test(`${name} ${title}`, async (t) => {
      const { url } = await start(t, name);
      await use(newBrowser(url), url);
    });
  }

  program("start", "signs in, keeps a key, and signs out", async (browser) => {
    assert.deepEqual(await browser("GET", "/profile"), NOT_SIGNED_IN);
    assert.equal((await browser("POST", "/login")).status, 200);
    assert.deepEqual((await browser("GET", "/profile")).body, { userId: "42", name: "Anna" });
    assert.equal((await browser("POST", "/dark")).status, 200);
    assert.equal((await browser("POST", "/logout")).status, 200);
    assert.deepEqual(await browser("GET", "/profile"), NOT_SIGNED_IN);
  });

  program("shop", "keeps the cart, tells the user once, and lists devices", async (browser, url) => {
    const anna = { name: "anna", password: "correct horse battery" };
    await browser("POST", "/cart/tea");
    assert.equal((await browser("POST", "/login", { ...anna, password: "wrong" })).status, 401);
    assert.equal((await browser("POST", "/login", { name: "anna" })).status, 400);
    assert.equal((await browser("POST", "/login", { ...anna, remember: true })).status, 200);
    assert.deepEqual((await browser("GET", "/")).body, { user: "1", cart: ["tea"], notices: ["Welcome, anna"] });
    assert.deepEqual((await browser("GET", "/")).body, { user: "1", cart: ["tea"], notices: [] });
    const other = newBrowser(url);
    await other("POST", "/login", anna);
    const devices = (await browser("GET", "/devices")).body as { sid: string; persistent: boolean }[];
    assert.deepEqual(
      devices.map(({ persistent }) => persistent),
      [true, false],
    );
    assert.deepEqual((await browser("GET", "/orders")).body, { orders: [] });
    assert.equal((await browser("POST", "/confirm", anna)).status, 200);
    assert.deepEqual((await browser("POST", "/password", { ...anna, password: "another one" })).body, { ended: 1 });
    assert.deepEqual(await other("GET", "/devices"), NOT_SIGNED_IN);
    const ben = newBrowser(url);
    await ben("POST", "/login", { name: "ben", password: "staple paper clip" });
    assert.equal((await ben("GET", "/orders")).status, 403);
    assert.deepEqual((await ben("DELETE", `/devices/${devices[0]?.sid}`)).body, { ended: false });
    await browser("POST", "/logout");
    assert.deepEqual((await browser("GET", "/")).body, { user: null, cart: [], notices: ["Goodbye"] });
  });

  program("sessions", "does what each part of the page says", async (browser, url) => {
    assert.deepEqual((await browser("GET", "/who")).body, { userId: null, isSignedIn: false });
    assert.deepEqual((await browser("POST", "/change")).body, { stored: true, visits: 1 });
    assert.equal((await browser("POST", "/pay")).status, 401);
    await browser("POST", "/login");
    assert.deepEqual((await browser("GET", "/who")).body, { userId: "42", isSignedIn: true });
    assert.equal((await browser("POST", "/pay")).status, 200);
    for (const kind of ["remembered", "strict", "short"])
      assert.equal((await newBrowser(url)("POST", `/login/${kind}`)).status, 200);
    assert.equal((await browser("POST", "/save")).status, 303);
    assert.deepEqual((await browser("GET", "/page")).body, { notices: ["Saved"] });
    assert.deepEqual((await browser("GET", "/page")).body, { notices: [] });
    assert.equal((await browser("POST", "/confirm")).status, 200);
    assert.equal((await browser("POST", "/rotate")).status, 200);
    const devices = (await browser("GET", "/devices")).body as { sid: string; idleTimeout: number }[];
    assert.deepEqual(
      devices.map(({ idleTimeout }) => idleTimeout / 900_000),
      [4, 2880, 1, 4],
    );
    await browser("POST", `/revoke/${devices[1]?.sid}`);
    assert.equal(((await browser("GET", "/devices")).body as object[]).length, 3);
    await browser("POST", "/revoke-others");
    assert.equal(((await browser("GET", "/devices")).body as object[]).length, 1);
    await browser("POST", "/logout");
    assert.deepEqual((await browser("GET", "/page")).body, { notices: [], message: "Goodbye" });
    await browser("POST", "/revoke-all");
    assert.equal(((await browser("GET", "/log")).body as object[]).length, 4);
  });
});

describe("the three stores", () => {
  for (const name of ["memory", "sqlite", "redis"])
    test(`${name}: signs in, shows the profile and signs out, by X-Session-Token`, async (t) => {
      const redis = name === "redis" ? await startRedis() : null;
      t.after(() => redis?.close());
      const { url } = await start(t, `three-stores/${name}`, redis === null ? {} : { REDIS_URL: redis.url });
      const login = await fetch(`${url}/login`, { method: "POST" });
      const { session_token: token } = (await login.json()) as { session_token: string };
      const headers = { "x-session-token": token };
      const profile = async (): Promise<unknown[]> => {
        const response = await fetch(`${url}/profile`, { headers });
        return [response.status, await response.json()];
      };
      assert.deepEqual(await profile(), [200, { username: "john_doe", user_id: 1 }]);
      const logout = await fetch(`${url}/logout`, { method: "POST", headers });
      assert.deepEqual(await logout.json(), { message: "Logged out successfully" });
      assert.deepEqual(await profile(), [401, { detail: "Not authenticated" }]);
    });
});
