// The page of the API's document in a real Chromium.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { launch, noChromium, openPage } from "../../admin/browser/chromium.ts";
import { startApi } from "../../api/api-app.ts";
import { startServer } from "../../support/server-process.ts";

test("/docs carries this program's name and release, shows every operation, asks only this server, and breaks no rule of its policy", {
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
    const { version } = JSON.parse(readFileSync(new URL("../../../package.json", import.meta.url), "utf8"));
    assert.equal(await page.title(), `Sessile ${version}`);
    const heading = await page.locator(".info h1, .info h2").first().textContent();
    assert.equal(heading?.replaceAll(/\s+/g, " ").trim(), `Sessile ${version} OAS 3.1`);
    await page.getByText(/swagger|fastify|smartbear/i).waitFor({ state: "detached" });
    const folder = process.env["SESSILE_SCREENSHOTS"];
    if (folder) await page.screenshot({ path: `${folder}/docs.png` });
    assert.deepEqual(complaints, []);
  } finally {
    await browser.close();
    await api.close();
  }
});

test("with --cookie, trying the API at /docs signs in, shows the user and signs out", {
  skip: noChromium,
}, async () => {
  const server = await startServer(["--store", "memory", "--cookie", "__Host-session", "--log-level", "silent"]);
  const browser = await launch();
  try {
    const { page, complaints } = await openPage(browser, server.url);
    await page.goto("/docs");
    const ask = async (operation: string): Promise<number> => {
      const block = page.locator(`#operations-account-${operation}`);
      if ((await block.getByRole("button", { name: "Execute" }).count()) === 0) {
        await block.locator(".opblock-summary").click();
        await block.getByRole("button", { name: "Try it out" }).click();
      }
      const answer = page.waitForResponse((response) => !response.url().includes("/docs"));
      await block.getByRole("button", { name: "Execute" }).click();
      return (await answer).status();
    };
    assert.equal(await ask("signIn"), 200);
    assert.equal(await ask("readProfile"), 200);
    assert.equal(await ask("signOut"), 200);
    assert.equal(await ask("readProfile"), 401);
    assert.deepEqual(complaints, []);
  } finally {
    await browser.close();
    await server.end();
  }
});
