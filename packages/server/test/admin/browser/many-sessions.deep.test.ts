// L5: a hundred thousand sessions, paged through by a program and in a real Chromium.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Browser } from "playwright-core";
import { memoryStore } from "sessile";
import { sampleRecord } from "sessile/testing";
import { call } from "../../support/client.ts";
import { type AdminApp, REAL_TIME, startAdminApp } from "../admin-app.ts";
import { launch, noChromium, openPage } from "./chromium.ts";
import { signIn } from "./operator.ts";

const MANY = 100_000;

/** Other load of this machine does not count here. */
const milliseconds = ({ user, system }: NodeJS.CpuUsage): number => (user + system) / 1000;

describe("a hundred thousand sessions", { skip: noChromium }, () => {
  let [browser, app]: [Browser, AdminApp] = [] as never;
  const closers: (() => Promise<void>)[] = [];
  before(async () => {
    const store = memoryStore();
    for (let i = 0; i < MANY; i++) await store.create(record(i));
    app = await startAdminApp({ after: (close) => closers.push(close) }, store, REAL_TIME);
    browser = await launch();
  });
  after(async () => {
    await browser?.close();
    for (const close of closers) await close();
  });

  /** Each was used a millisecond before the one before it. */
  const now = Date.now();
  function record(index: number) {
    const lastSeenAt = now - index;
    const userId = String(index % 40_000);
    return sampleRecord({ userId, lastSeenAt, createdAt: lastSeenAt, device: "Firefox on Linux" });
  }

  test("L5: every session is on one page and on no other, and the last page comes as fast as the first", async () => {
    const operator = await app.operator();
    const seen = new Set<string>();
    const times: number[] = [];
    let [next, count]: [string | null, number] = ["", 0];
    while (next !== null) {
      const begun = process.cpuUsage();
      const { body } = await operator.ask("GET", `/sessions?limit=100${next && `&after=${next}`}`);
      times.push(milliseconds(process.cpuUsage(begun)));
      for (const { sid } of body.sessions) seen.add(sid);
      count += body.sessions.length;
      next = body.next;
    }
    assert.deepEqual([seen.size, count], [MANY, MANY]);
    const median = (part: number[]): number => part.toSorted((a, b) => a - b)[Math.floor(part.length / 2)] as number;
    const [first, last] = [median(times.slice(5, 105)), median(times.slice(-100))];
    console.log(
      `a page of 100 among ${MANY}: median ${first.toFixed(1)} ms of processor time at the beginning, ${last.toFixed(1)} ms at the end`,
    );
    assert.ok(last < 10 * first + 5, `${last} ms against ${first} ms`);
  });

  test("in the browser one goes from page to page, forth and back, and each page is in the order of last use", async () => {
    const { page, context, complaints } = await openPage(browser, app.url);
    await page.goto("/admin/sessions");
    await signIn(page);
    const seen = new Set<string>();
    for (let number = 1; number <= 5; number++) {
      await page.getByText(new RegExp(`^Page ${number}, `)).waitFor();
      await page.locator(".list:not(.is-loading)").waitFor();
      const sids = await page
        .locator("td .sid")
        .evaluateAll((links) => links.map((link) => link.getAttribute("title") ?? ""));
      const used = await page
        .locator("td.c-used time")
        .evaluateAll((times) => times.map((time) => time.getAttribute("datetime") ?? ""));
      assert.equal(sids.length, 50);
      assert.deepEqual(used, used.toSorted().reverse());
      for (const sid of sids) seen.add(sid);
      await page.getByRole("link", { name: "Next page" }).click();
    }
    assert.equal(seen.size, 250);
    await page.goBack();
    await page.getByText(/^Page 5, /).waitFor();
    await page.getByRole("link", { name: "Previous page" }).click();
    await page.getByText(/^Page 4, /).waitFor();
    assert.ok(seen.has((await page.locator("td .sid").first().getAttribute("title")) ?? ""));
    await page.getByRole("link", { name: "First page" }).click();
    await page.getByText(/^Page 1, /).waitFor();
    assert.equal(await page.getByRole("link", { name: "Previous page" }).count(), 0);
    assert.deepEqual(complaints, []);
    await context.close();
  });

  test("L4: all sessions end, and meanwhile the server answers others", async () => {
    const operator = await app.operator();
    const client = await app.mint("1");
    assert.equal((await operator.ask("POST", "/end-everyone", { everyone: true })).status, 202);
    let answers = 0;
    while ((await operator.ask("GET", "/everyone")).body.isRunning) answers++;
    assert.equal((await operator.ask("GET", "/everyone")).body.ended, MANY + 1);
    assert.equal((await call(app.url, "GET", "/profile", { ...client.headers })).status, 401);
    assert.ok(answers >= 10, `${answers} answers while ${MANY} sessions ended`);
  });
});
