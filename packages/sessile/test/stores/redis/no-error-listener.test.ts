// Clients without a listener for errors: Node ends a process for an `error` event without a listener.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { EventEmitter } from "node:events";
import { readFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { createClient, createCluster, createSentinel } from "@redis/client";
import { Cluster, Redis } from "ioredis";
import { checkRedis, type RedisClient, rebuildUserIndex, redisStore } from "sessile/redis";
import { startRedis } from "sessile-test-support/redis-server";

interface Emitter {
  listenerCount(event: "error"): number;
  once(event: "error", listener: () => void): unknown;
  emit(event: "error", error: Error): boolean;
}

const CLIENTS: Record<string, () => RedisClient> = {
  createClient: () => createClient(),
  createCluster: () => createCluster({ rootNodes: [{ url: "redis://127.0.0.1:1" }] }),
  createSentinel: () => createSentinel({ name: "primary", sentinelRootNodes: [{ host: "127.0.0.1", port: 1 }] }),
  "ioredis Redis": () => new Redis({ lazyConnect: true, autoResendUnfulfilledCommands: false }),
  "ioredis Redis behind Sentinels": () =>
    new Redis({ lazyConnect: true, autoResendUnfulfilledCommands: false, sentinels: [{ port: 1 }], name: "primary" }),
  "ioredis Cluster": () =>
    new Cluster([{ port: 1 }], { lazyConnect: true, retryDelayOnFailover: 0, retryDelayOnClusterDown: 0 }),
};

for (const [kind, make] of Object.entries(CLIENTS)) {
  test(`redisStore gives a client of ${kind} an error listener, once`, () => {
    const client = make() as RedisClient & Emitter;
    client.once("error", () => {}); // as while it connects: gone after the first
    const before = client.listenerCount("error");
    for (let i = 0; i < 3; i++) redisStore({ client });
    assert.equal(client.listenerCount("error"), before + 1);
    for (let i = 0; i < 3; i++) client.emit("error", new Error("lost"));
    if (client instanceof Redis || client instanceof Cluster) client.disconnect();
  });
}

test("what looks at a Redis, and what mends it, gives its client an error listener too", async () => {
  for (const use of [checkRedis, rebuildUserIndex] as ((client: RedisClient) => Promise<unknown>)[]) {
    const client = Object.assign(new EventEmitter(), { isReady: true, sendCommand: async () => ["0", []] });
    await use(client);
    assert.equal(client.listenerCount("error"), 1);
  }
});

/** The two lines of `docs/stores.md`, and requests before, while and after Redis closes the idle connection. */
test("a Redis that closes idle connections costs 503s at most: the lines of the documentation live on", async (t) => {
  const server = await startRedis(["--timeout", "1"]);
  t.after(() => server.close());
  const guide = readFileSync(new URL("../../../../../docs/stores.md", import.meta.url), "utf8");
  const [, lines = ""] = /## Redis and Valkey\n+```ts\n([^`]*)```/.exec(guide) ?? [];
  const program = `${lines.replace("redis://127.0.0.1:6379", server.url)}
    import Fastify from "fastify";
    import { headerTransport, SessionManager } from "sessile";
    import { sessions } from "sessile/fastify";
    const app = Fastify();
    await app.register(sessions, { manager: new SessionManager({ store, transports: [headerTransport()] }) });
    app.post("/login", async ({ session }) => void (await session.signIn("anna")));
    app.get("/profile", async ({ session }) => session.require().userId);
    const { headers } = await app.inject({ method: "POST", url: "/login" });
    const profile = async () => {
      await new Promise(setImmediate);
      const { statusCode, body } = await app.inject({ url: "/profile", headers: { "x-session-token": headers["x-session-token"] } });
      return statusCode === 200 ? body : statusCode;
    };
    const seen = [];
    await new Promise((resolve) => client.once("reconnecting", resolve));
    while (seen.at(-1) !== "anna") seen.push(await profile());
    console.log(JSON.stringify([...new Set(seen)]));
    client.destroy();
    await app.close();`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", program], {
    cwd: new URL("../../../", import.meta.url),
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  assert.equal(stderr, "");
  const seen = JSON.parse(stdout) as unknown[];
  assert.equal(seen.at(-1), "anna");
  assert.ok(seen.slice(0, -1).every((each) => each === 503));
  assert.equal(code, 0);
});
