// Rotation and a real browser: answers that never arrive, arrive late or overtake each other, and a browser that dies.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, test } from "node:test";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { cookieTransport, memoryStore, SessionManager } from "sessile";
import { withSession } from "sessile/node";
import { testClock } from "sessile/testing";
import { temporaryFolder } from "sessile-test-support/folder";
import { launch, launchOn, noChromium } from "./chromium.ts";

const MINUTE = 60_000;
const DAYS = 30 * 24 * 60 * MINUTE;

/** A site whose sessions rotate every ten minutes. `/late` answers when the test says so. */
class Site {
  readonly clock = testClock();
  readonly events: string[] = [];
  readonly manager = new SessionManager({
    store: memoryStore(),
    transports: [cookieTransport({ name: "sid", secure: false })],
    clock: this.clock.now,
    sweepInterval: 0,
    absoluteTimeout: DAYS,
    idleTimeout: DAYS,
    rotateAfter: 10 * MINUTE,
  });
  readonly #late: { readonly answer: () => void; readonly left: Promise<unknown> }[] = [];
  readonly #server: Server;
  #arrived = () => {};

  constructor() {
    for (const name of ["rotated", "reuseDetected", "rotationIgnored", "revoked"] as const)
      this.manager.on(name, () => this.events.push(name));
    this.#server = createServer(
      withSession(this.manager, async ({ url }, response, session) => {
        if (url === "/login") await session.signIn("ann");
        if (url?.startsWith("/late")) {
          await new Promise<void>((answer) => {
            this.#late.push({ answer, left: once(response, "close") });
            this.#arrived();
          });
        }
        response.setHeader("content-type", "text/html");
        // Without the link the browser asks for an icon, whenever it likes, and that answer may carry an offer too.
        response.end(`<link rel="icon" href="data:,"><title>${session.userId ?? "nobody"}</title>`);
      }),
    );
  }

  async start(): Promise<string> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Resolves when a request to `/late` is under way. */
  lateRequest(): Promise<void> {
    return new Promise((resolve) => {
      this.#arrived = resolve;
    });
  }

  answerLate(): void {
    for (const { answer } of this.#late.splice(0)) answer();
  }

  /** Answers what nothing waits for any more. */
  async answerNobody(): Promise<void> {
    await Promise.all(this.#late.map(({ left }) => left));
    this.answerLate();
  }

  async stop(): Promise<void> {
    this.answerLate();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    await this.manager.close();
  }
}

const userAt = (page: Page, path = "/"): Promise<string> =>
  page.evaluate(async (url) => /<title>(.*)<\/title>/.exec(await (await fetch(url)).text())?.[1] ?? "", path);

describe("rotation in Chromium", { skip: noChromium }, () => {
  let browser: Browser;
  let [site, url]: [Site, string] = [] as never;
  before(async () => {
    browser = await launch();
    site = new Site();
    url = await site.start();
  });
  after(async () => {
    await browser?.close();
    await site?.stop();
  });

  async function signedIn(): Promise<Page> {
    const context = await browser.newContext({ baseURL: url });
    const page = await context.newPage();
    await page.goto("/login");
    site.events.splice(0);
    return page;
  }

  test("D6: a page that cancels each navigation whose answer brings a new token signs its visitor in and keeps them so", async () => {
    const page = await signedIn();
    const devtools = await page.context().newCDPSession(page);
    for (let round = 0; round < 15; round++) {
      site.clock.advance(11 * MINUTE);
      const under = site.lateRequest();
      await page.evaluate(() => {
        setTimeout(() => {
          location.href = "/late";
        });
      });
      await under;
      await devtools.send("Page.stopLoading");
      await site.answerNobody();
      assert.equal(await userAt(page), "ann", `round ${round}`);
      site.clock.advance(2 * MINUTE);
      assert.equal(await userAt(page), "ann", `round ${round}, after the grace`);
    }
    assert.deepEqual(new Set(site.events), new Set(["rotated"]));
    await page.context().close();
  });

  test("D6: a page whose requests are all cancelled is signed in after ten lost offers, and told apart from no thief", async () => {
    const page = await signedIn();
    for (let round = 0; round < 10; round++) {
      site.clock.advance(11 * MINUTE);
      const under = site.lateRequest();
      await page.evaluate(() => {
        const controller = new AbortController();
        Object.assign(window, { controller });
        void fetch("/late", { signal: controller.signal }).catch(() => {});
      });
      await under;
      await page.evaluate(() => (window as unknown as { controller: AbortController }).controller.abort());
      await site.answerNobody();
    }
    assert.equal(await userAt(page), "ann");
    assert.deepEqual(new Set(site.events.filter((name) => name !== "rotationIgnored")), new Set([]));
    await page.context().close();
  });

  test("D6: answers that overtake each other leave the visitor signed in", async () => {
    const page = await signedIn();
    for (let round = 0; round < 10; round++) {
      site.clock.advance(11 * MINUTE);
      const under = site.lateRequest();
      const late = userAt(page, "/late");
      await under;
      assert.equal(await userAt(page), "ann");
      site.clock.advance(30_000);
      site.answerLate();
      assert.equal(await late, "ann");
      site.clock.advance(2 * MINUTE);
      assert.equal(await userAt(page), "ann");
    }
    assert.equal(site.events.includes("reuseDetected"), false);
    await page.context().close();
  });

  test("D6: two browsers with one cookie are told apart a grace after one of them used a newer one", async () => {
    const page = await signedIn();
    const thief = await browser.newContext({ baseURL: url, storageState: await page.context().storageState() });
    const stolen = await thief.newPage();
    await stolen.goto("/");
    assert.equal(await stolen.title(), "ann");
    site.clock.advance(11 * MINUTE);
    assert.equal(await userAt(page), "ann"); // the offer
    site.clock.advance(MINUTE);
    assert.equal(await userAt(page), "ann"); // its use
    site.clock.advance(MINUTE);
    assert.equal(await userAt(stolen), "nobody");
    assert.equal(await userAt(page), "nobody");
    assert.ok(site.events.includes("reuseDetected"));
    await thief.close();
    await page.context().close();
  });

  test("D6: a browser that dies right after a new token has arrived is signed in when it starts again", async () => {
    const profile = temporaryFolder();
    const open = async (): Promise<[BrowserContext, Page]> => {
      const context = await launchOn(profile, url);
      return [context, context.pages()[0] ?? (await context.newPage())];
    };
    let [context, page] = await open();
    await page.goto(`${url}/login`);
    await context.close(); // writes the cookie to the disk
    site.events.splice(0);
    for (let round = 0; round < 3; round++) {
      [context, page] = await open();
      await page.goto(url);
      assert.equal(await page.title(), "ann", `round ${round}`);
      site.clock.advance(11 * MINUTE);
      assert.equal(await userAt(page), "ann");
      const gone = new Promise((resolve) => context.once("close", resolve));
      execFileSync("pkill", ["-9", "-f", profile]); // only this browser's command lines name the folder
      await gone;
      site.clock.advance(30_000);
    }
    assert.equal(site.events.includes("reuseDetected"), false);
  });
});
