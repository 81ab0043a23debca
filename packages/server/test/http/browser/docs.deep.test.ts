// The page of the API's document in a real Chromium.

import assert from "node:assert/strict";
import { test } from "node:test";
import { launch, noChromium, openPage } from "../../admin/browser/chromium.ts";
import { startApi } from "../../api/api-app.ts";

test("/docs shows every operation, asks nobody but this server, and breaks no rule of its policy", {
  skip: noChromium,
}, async () => {
  const api = await startApi();
  const { paths } = (await api.send("GET", "/openapi.json")).body as { paths: Record<string, object> };
  const operations = Object.values(paths).flatMap((methods) => Object.keys(methods)).length;
  const browser = await launch();
  try {
    const { page, complaints } = await openPage(browser, api.url);
    const answer = await page.goto("/docs");
    assert.match(answer?.headers()["content-security-policy"] ?? "", /^default-src 'none'; script-src 'self';/);
    await page.locator("#operations-sessions-beginSession").waitFor();
    assert.equal(await page.locator(".opblock").count(), operations);
    await page.locator("#operations-sessions-changeData").click();
    await page.getByText("If-Match").first().waitFor();
    const folder = process.env["SESSILE_SCREENSHOTS"];
    if (folder) await page.screenshot({ path: `${folder}/docs.png` });
    assert.deepEqual(complaints, []);
  } finally {
    await browser.close();
    await api.close();
  }
});
