// P1: the admin page while Redis is stopped, and when it is back: the administrator stays signed in and is told.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Browser } from "playwright-core";
import { type RedisServer, startRedis } from "sessile-test-support/redis-server";
import { type AdminServer, startAdminServer } from "../admin-server.ts";
import { launch, noChromium, openPage } from "./chromium.ts";
import { axe, search, signIn } from "./operator.ts";

describe("the admin page and its store", { skip: noChromium }, () => {
  let [browser, redis, server]: [Browser, RedisServer, AdminServer] = [] as never;
  before(async () => {
    redis = await startRedis();
    server = await startAdminServer(["--store", `${redis.url}/0`, "--admin", "--log-level", "silent"]);
    browser = await launch();
  });
  after(async () => {
    await browser?.close();
    await server?.end();
    server?.file.close();
    await redis?.close();
  });

  test("P1: it says that the store is down, keeps what it showed, and goes on by itself when the store is back", async () => {
    const { page, complaints } = await openPage(browser, server.url);
    await page.goto("/admin");
    await signIn(page);
    await page.locator(".figures > div", { hasText: /^Live sessions\d/ }).waitFor();
    await redis.kill();
    await page.getByRole("alert").filter({ hasText: "The session store does not answer." }).waitFor();
    assert.deepEqual(await axe(page), []);
    await search(page, "alice");
    await page.getByRole("alert").filter({ hasText: "Trying again every two seconds." }).waitFor();
    await redis.restart();
    await page.getByText("Not signed in anywhere.").waitFor();
    assert.equal(await page.getByRole("alert").filter({ hasText: "does not answer" }).count(), 0);
    await page.getByRole("link", { name: "Overview", exact: true }).click();
    await page.getByRole("alert").filter({ hasText: "does not answer" }).waitFor({ state: "detached" });
    assert.deepEqual(complaints, []);
  });
});
