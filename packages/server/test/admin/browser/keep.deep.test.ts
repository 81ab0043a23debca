// "Keep me signed in", in a real Chromium that is closed and opened again.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { BrowserContext, Page } from "playwright-core";
import { memoryStore } from "sessile";
import { temporaryFolder } from "sessile-test-support/folder";
import { PASSWORD } from "../../sign-in/sign-in-app.ts";
import { REAL_TIME, startAdminApp } from "../admin-app.ts";
import { launchOn, noChromium } from "./chromium.ts";
import { axe } from "./operator.ts";

const MONTH = 30 * 86_400_000;
const BOX = "Keep me signed in on this device for 30 d";

for (const isKept of [true, false]) {
  test(`E11: a user who ${isKept ? "asks to be kept is" : "does not ask for it is not"} signed in after the browser was closed`, {
    skip: noChromium,
  }, async (t) => {
    const app = await startAdminApp(t, memoryStore(), REAL_TIME, { keepFor: MONTH });
    const folder = temporaryFolder();
    await inBrowser(folder, app.url, async (page, context) => {
      await page.goto("/account/sessions");
      await page.getByLabel("Name").fill("alice");
      await page.getByLabel("Password").fill(PASSWORD);
      assert.equal(await page.getByLabel(BOX).isChecked(), false, "nobody is remembered unasked");
      assert.deepEqual(await axe(page), []);
      if (isKept) await page.getByLabel(BOX).check();
      await page.getByRole("button", { name: "Sign in" }).click();
      await page.getByText("this device").waitFor();
      const [cookie] = await context.cookies();
      assert.equal((cookie?.expires ?? 0) > 0, isKept);
    });
    await inBrowser(folder, app.url, async (page) => {
      await page.goto("/account/sessions");
      await (isKept ? page.getByText("this device") : page.getByLabel("Password")).waitFor();
    });
  });
}

async function inBrowser(
  folder: string,
  url: string,
  use: (page: Page, context: BrowserContext) => Promise<void>,
): Promise<void> {
  const context = await launchOn(folder, url);
  try {
    await use(await context.newPage(), context);
  } finally {
    await context.close();
  }
}
