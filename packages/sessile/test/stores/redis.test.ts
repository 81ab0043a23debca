// The Redis store: the shared suite over both client libraries, and what only it has to keep.

import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { after, test } from "node:test";
import { inspect } from "node:util";
import { createClient } from "@redis/client";
import { Redis } from "ioredis";
import { headerTransport, SessionManager, type SessionRecord, type SessionStore } from "sessile";
import { redisStore } from "sessile/redis";
import { fullRecord, sampleRecord, storeSuite } from "sessile/testing";
import { startRedis } from "sessile-test-support/redis-server";
import { markAll } from "#dist/stores/redis/user-index.js";
import { portOf, type RedisPort } from "#dist/stores/redis/client.js";
import { RedisKeys } from "#dist/stores/redis/keys.js";
import { RedisLink } from "#dist/stores/redis/link.js";
import { RedisStore } from "#dist/stores/redis/store.js";

const MARGIN = 60_000;
const COMMANDS =
  "get set getdel del exists eval evalsha zadd zrem zrange zrangebyscore zremrangebyscore zcount zscore pexpireat";

const server = await startRedis();
const admin = await createClient({ url: server.url }).connect();
const PASSWORD = randomBytes(16).toString("hex");
const forConnecting = ["hello", "auth", "client", "info", "ping"];
await admin.sendCommand(
  ["ACL", "SETUSER", "sessions", "on", `>${PASSWORD}`, "~suite-*"].concat(
    [...COMMANDS.split(" "), ...forConnecting].map((name) => `+${name}`),
  ),
);
after(async () => {
  admin.destroy();
  await server.close();
});

storeSuite("redis over @redis/client, with the documented commands only", async () => {
  const connect = () => createClient({ url: server.url, username: "sessions", password: PASSWORD }).connect();
  const clients = [await connect(), await connect()] as const;
  const options = { prefix: "suite-n:", deadline: 5000 };
  return {
    stores: [redisStore({ client: clients[0], ...options }), redisStore({ client: clients[1], ...options })],
    expiresByItself: true,
    corrupt: (sid) => truncate(`suite-n:s:${sid}`),
    close: async () => {
      for (const client of clients) client.destroy();
    },
  };
});

storeSuite("redis over ioredis, with the documented commands only", async () => {
  const connect = () => connectIoredis(server.port, { username: "sessions", password: PASSWORD });
  const clients = [await connect(), await connect()] as const;
  const options = { prefix: "suite-i:", deadline: 5000 };
  return {
    stores: [redisStore({ client: clients[0], ...options }), redisStore({ client: clients[1], ...options })],
    expiresByItself: true,
    corrupt: (sid) => truncate(`suite-i:s:${sid}`),
    close: async () => {
      for (const client of clients) client.disconnect();
    },
  };
});
