// The users' own page in a real Chromium.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Browser } from "playwright-core";
import { memoryStore } from "sessile";
import { profile } from "../../support/client.ts";
import { type AdminApp, REAL_TIME, startAdminApp } from "../admin-app.ts";
import { launch, noChromium, openPage } from "./chromium.ts";
import { assertFits, axe, signIn } from "./operator.ts";

describe("the users' own page", { skip: noChromium }, () => {
  let [browser, app]: [Browser, AdminApp] = [] as never;
  const closers: (() => Promise<void>)[] = [];
  before(async () => {
    app = await startAdminApp({ after: (close) => closers.push(close) }, memoryStore(), REAL_TIME);
    browser = await launch();
  });
  after(async () => {
    await browser?.close();
    for (const close of closers) await close();
  });

  test("L3: a user sees where the account is signed in, this device marked, and signs out elsewhere", async () => {
    const alice = String(app.user("alice").id);
    const [phone, tablet] = [await app.mint(alice), await app.mint(alice)];
    const other = await app.mint(String(app.user("bob").id));
    const { page, context, complaints } = await openPage(browser, app.url, { viewport: { width: 360, height: 740 } });
    await page.goto("/account/sessions");
    await signIn(page, "alice");
    await page.getByText("this device").waitFor();
    assert.equal(await page.locator(".own li").count(), 3);
    assert.deepEqual(await axe(page), []);
    await assertFits(page, "account");
    await page.locator(".own li:not(.is-current)").first().getByRole("button").click();
    await page.getByRole("button", { name: "Sign out 1 session" }).click();
    await page.getByRole("status").filter({ hasText: "Signed out of 1 session." }).waitFor();
    await page.getByRole("button", { name: "Sign out everywhere else (1)…" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Sign out 1 session" }).click();
    await page.getByRole("button", { name: /^Sign out everywhere else/ }).waitFor({ state: "detached" });
    for (const { token } of [phone, tablet]) assert.equal((await profile(app.url, token)).status, 401);
    assert.equal((await profile(app.url, other.token)).status, 200);
    await page.getByRole("button", { name: "Sign out", exact: true }).click();
    await page.getByLabel("Name").waitFor();
    assert.deepEqual(await context.cookies(), []);
    assert.deepEqual(complaints, []);
    await context.close();
  });
});
