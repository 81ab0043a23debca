// The shared suite over both client libraries, and the options.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, test } from "node:test";
import { createClient } from "@redis/client";
import { type RedisClient, redisStore } from "sessile/redis";
import { sampleRecord, storeSuite } from "sessile/testing";
import { startRedis } from "sessile-test-support/redis-server";
import { CLIENT_COMMANDS, rights, STORE_COMMANDS } from "./redis/clients.ts";
import { connectIoredis, patientStore } from "./redis/connect.ts";

const server = await startRedis();
const admin = await createClient({ url: server.url }).connect();
const user = { username: "sessions", password: randomBytes(16).toString("hex") };
await admin.sendCommand(["ACL", "SETUSER", ...rights(user, "suite-", [...STORE_COMMANDS, ...CLIENT_COMMANDS])]);
after(async () => {
  admin.destroy();
  await server.close();
});

storeSuite("redis over @redis/client, allowed no more than the documented commands", async () => {
  const connect = () => createClient({ url: server.url, ...user }).connect();
  const clients = [await connect(), await connect()] as const;
  return {
    stores: [patientStore(clients[0], "suite-n:"), patientStore(clients[1], "suite-n:")],
    walker: patientStore(admin, "suite-n:"),
    expiresByItself: true,
    corrupt: (sid) => truncate(`suite-n:s:${sid}`),
    close: async () => {
      for (const client of clients) client.destroy();
    },
  };
});

storeSuite("redis over @redis/client with RESP 2", async () => {
  const connect = () => createClient({ url: server.url, RESP: 2 }).connect();
  const clients = [await connect(), await connect()] as const;
  return {
    stores: [patientStore(clients[0], "resp-2:"), patientStore(clients[1], "resp-2:")],
    expiresByItself: true,
    corrupt: (sid) => truncate(`resp-2:s:${sid}`),
    close: async () => {
      for (const client of clients) client.destroy();
    },
  };
});

storeSuite("redis over ioredis, allowed no more than the documented commands", async () => {
  const clients = [await connectIoredis(server.port, user), await connectIoredis(server.port, user)] as const;
  return {
    stores: [patientStore(clients[0], "suite-i:"), patientStore(clients[1], "suite-i:")],
    walker: patientStore(admin, "suite-i:"),
    expiresByItself: true,
    corrupt: (sid) => truncate(`suite-i:s:${sid}`),
    close: async () => {
      for (const client of clients) client.disconnect();
    },
  };
});

storeSuite("redis over both client libraries at once, each with unusual options", async () => {
  const buffers = createClient({ url: server.url, commandOptions: { typeMapping: { 36: Buffer, 58: String } } });
  const node = await buffers.connect();
  const strings = {
    stringNumbers: true,
    replyMapping: "resp3",
    enableAutoPipelining: true,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    keyPrefix: "unusual:",
  } as const;
  const ioredis = await connectIoredis(server.port, strings);
  return {
    stores: [patientStore(node, "unusual:both:"), patientStore(ioredis, "both:")],
    expiresByItself: true,
    corrupt: (sid) => truncate(`unusual:both:s:${sid}`),
    close: async () => {
      node.destroy();
      ioredis.disconnect();
    },
  };
});

/** Damage that keeps the beginning, where the version is. */
async function truncate(key: string): Promise<void> {
  const text = (await admin.get(key)) ?? "";
  await admin.set(key, text.slice(0, -1));
}

test("L5: the commands that go through everything are not among those that the store needs", async () => {
  const limited = await createClient({ url: server.url, ...user }).connect();
  for (const command of [["KEYS", "*"], ["SMEMBERS", "suite-n:x"], ["FLUSHALL"], ["CONFIG", "GET", "*"]]) {
    await assert.rejects(limited.sendCommand(command), /NOPERM/);
  }
  limited.destroy();
});

test("options that cannot work are refused by name", () => {
  const client = { isReady: true, sendCommand: async () => null } satisfies RedisClient;
  const refused = (options: object, name: RegExp) => {
    assert.throws(() => redisStore({ client, ...options }), { code: "ERR_SESSION_OPTION", message: name });
  };
  refused({ ttl: 1 }, /`ttl`\. Did you mean `idleTimeout` of `SessionManager`/);
  refused({ client: undefined }, /`client`/);
  refused({ client: {} }, /`client`/);
  for (const prefix of ["", "a b", "é", "x".repeat(65), 1]) refused({ prefix }, /`prefix`/);
  for (const deadline of [0, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 60_001, "1"])
    refused({ deadline }, /`deadline`/);
});

test("a store that is closed leaves the client open", async () => {
  const store = redisStore({ client: admin, prefix: "closed:" });
  await store.close();
  await assert.rejects(async () => store.load(sampleRecord().sid), { code: "ERR_SESSION_STORE", message: /closed/ });
  await assert.rejects(store.stats(), { code: "ERR_SESSION_STORE" });
  assert.equal(await admin.ping(), "PONG");
});
