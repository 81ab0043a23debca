// The program of docs/guide/machines.md: two processes that share a Redis.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { startRedis } from "sessile-test-support/redis-server";
import { waitUntil } from "sessile-test-support/wait-until";
import { Browser, start } from "./guide-program.ts";

test("two processes share sessions and their ends, and each ends by SIGTERM with code 0", async (t) => {
  const redis = await startRedis();
  t.after(() => redis.close());
  const env = { REDIS_URL: redis.url, SESSION_KEY: randomBytes(32).toString("base64") };
  const [one, other] = await Promise.all([start(t, "machines", env), start(t, "machines", env)]);
  const userAt = async (url: string, cookie: string): Promise<unknown> =>
    ((await (await fetch(url, { headers: { cookie } })).json()) as { user: unknown }).user;

  const browser = new Browser();
  const [line = ""] = (await browser.post(`${one.url}/login`)).headers.getSetCookie();
  const [cookie = ""] = line.split(";");
  assert.deepEqual([await userAt(one.url, cookie), await userAt(other.url, cookie)], ["1", "1"]);
  await browser.post(`${one.url}/logout`);
  assert.equal(await userAt(one.url, cookie), null);
  await waitUntil("the other process sees the end", async () => (await userAt(other.url, cookie)) === null);

  assert.equal(await one.end("SIGTERM"), 0);
  assert.equal(await userAt(other.url, cookie), null);
  assert.equal(await other.end("SIGTERM"), 0);
});
