// The cache's figures on the admin page, of a server whose copies of sessions lie in front of a real Redis.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Browser } from "playwright-core";
import { type RedisServer, startRedis } from "sessile-test-support/redis-server";
import { login, PASSWORD } from "../../sign-in/sign-in-app.ts";
import { profile } from "../../support/client.ts";
import { type AdminServer, startAdminServer } from "../admin-server.ts";
import { launch, noChromium, openPage } from "./chromium.ts";
import { axe, signIn } from "./operator.ts";

describe("the admin page and the cache", { skip: noChromium }, () => {
  let [browser, redis, server]: [Browser, RedisServer, AdminServer] = [] as never;
  before(async () => {
    redis = await startRedis();
    server = await startAdminServer(["--store", `${redis.url}/0`, "--cache", "5s", "--admin", "--log-level", "silent"]);
    browser = await launch();
  });
  after(async () => {
    await browser?.close();
    await server?.end();
    server?.file.close();
    await redis?.close();
  });

  test("it says how many loads the copies answered, and draws them", async () => {
    const { page, complaints } = await openPage(browser, server.url);
    await page.goto("/admin");
    await signIn(page);
    const figure = page.locator(".figures > div", { hasText: /^Cache/ });
    await figure.filter({ hasText: "loads answered by copies" }).waitFor();
    const { session_token: token } = (await login(server.url, "alice", PASSWORD)).body as { session_token: string };
    let isOn = true;
    const reading = (async () => {
      // 503 where Redis takes its time on a busy machine.
      while (isOn) assert.ok([200, 503].includes((await profile(server.url, token)).status));
    })();
    await figure.filter({ hasText: /^Cache[1-9]/ }).waitFor();
    isOn = false;
    await reading;
    await page.getByRole("img", { name: /^Cache hit rate over the last hour\. hits: now [1-9]/ }).waitFor();
    assert.deepEqual(await axe(page), []);
    assert.deepEqual(complaints, []);
  });
});
