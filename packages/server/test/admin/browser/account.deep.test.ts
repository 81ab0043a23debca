// The users' own page in a real Chromium.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Browser } from "playwright-core";
import { memoryStore } from "sessile";
import { PASSWORD } from "../../sign-in/sign-in-app.ts";
import { profile } from "../../support/client.ts";
import { type AdminApp, REAL_TIME, startAdminApp } from "../admin-app.ts";
import { launch, noChromium, openPage } from "./chromium.ts";
import { assertFits, axe, signIn } from "./operator.ts";

const NEW_PASSWORD = "seven quiet lanterns by the canal";

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

  test("L3: a user sees where the account is signed in, this device marked, signs out elsewhere, and sets a new password", async () => {
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
    const elsewhere = await app.mint(alice);
    const fill = async (current: string, next: string, again: string): Promise<void> => {
      await page.getByLabel("Current password").fill(current);
      await page.getByLabel("New password", { exact: true }).fill(next);
      await page.getByLabel("New password, again").fill(again);
      await page.getByRole("button", { name: "Set the new password" }).click();
    };
    await fill(PASSWORD, NEW_PASSWORD, "something else altogether");
    await page.getByRole("alert").filter({ hasText: "not the same in both fields" }).waitFor();
    await fill(PASSWORD, "too short", "too short");
    await page.getByRole("alert").filter({ hasText: "The password must have at least 15 characters" }).waitFor();
    await fill("not the password", NEW_PASSWORD, NEW_PASSWORD);
    await page.getByRole("alert").filter({ hasText: "Incorrect password" }).waitFor();
    await fill(PASSWORD, NEW_PASSWORD, NEW_PASSWORD);
    await page.getByRole("status").filter({ hasText: "Your new password is set." }).waitFor();
    assert.equal((await profile(app.url, elsewhere.token)).status, 401);
    await page.getByText("this device").waitFor();
    assert.equal(await page.locator(".own li").count(), 1);
    assert.deepEqual(await axe(page), []);
    await page.getByRole("button", { name: "Sign out", exact: true }).click();
    await page.getByLabel("Name").waitFor();
    assert.deepEqual(await context.cookies(), []);
    assert.deepEqual(complaints, []);
    await context.close();
  });
});
