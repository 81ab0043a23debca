// Whether a cache in front of a real Redis hears of what others do, and what it does when it cannot.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, describe, test } from "node:test";
import { createClient, createCluster } from "@redis/client";
import type { Redis } from "ioredis";
import { headerTransport, memoryStore, SessionManager } from "sessile";
import { cachedStore } from "sessile/cached";
import { type RedisClient, redisStore } from "sessile/redis";
import type { SessionStore } from "sessile/store";
import { countingStore, sampleRecord } from "sessile/testing";
import { type RedisServer, startRedis } from "sessile-test-support/redis-server";
import { CachedStore } from "#dist/stores/cached/store.js";
import { Tracking } from "#dist/stores/cached/tracking.js";
import { RedisStore } from "#dist/stores/redis/store.js";
import { ResponseRecorder, requestWith, sidOf } from "../../support/requests.ts";
import { connectIoredis, patientStore } from "../redis/connect.ts";
import { read } from "./fakes.ts";
import { figures, until, untilCoherent, untilKept } from "./until.ts";

const server = await startRedis();
const closing: (() => unknown)[] = [];
after(async () => {
  for (const close of closing.reverse()) await close();
  await server.close();
});

async function connectNode(options: object = {}, to: RedisServer = server) {
  const client = createClient({ url: to.url, ...options });
  client.on("error", () => {});
  await client.connect();
  closing.push(() => client.isOpen && client.destroy());
  return client;
}

async function connectIo(options: object = {}, to: RedisServer = server): Promise<Redis> {
  const client = await connectIoredis(to.port, options);
  client.on("error", () => {});
  closing.push(() => client.disconnect());
  return client;
}

async function openCache(client: RedisClient, prefix: string, options = {}): Promise<SessionStore> {
  const store = cachedStore(patientStore(client, prefix), options);
  closing.push(() => store.close());
  await untilCoherent(store);
  return store;
}

/** The ids of the connections that track, by what Redis says. */
async function trackers(to: RedisServer = server): Promise<string[]> {
  const lines = String(await to.ask("CLIENT", "LIST")).split("\n");
  return lines.filter((line) => / flags=\w*t/.test(line)).map((line) => /^id=(\d+)/.exec(line)?.[1] as string);
}

class App {
  readonly manager: SessionManager;

  constructor(store: SessionStore) {
    this.manager = new SessionManager({ store, transports: [headerTransport()], sweepInterval: 0, rotationGrace: 1 });
  }

  async send(
    token: string | undefined,
    handle: (session: Awaited<ReturnType<SessionManager["open"]>>["session"]) => unknown,
  ) {
    const { session, commit } = await this.manager.open(requestWith({ "x-session-token": token }));
    const result = await handle(session);
    const response = new ResponseRecorder();
    await commit(200, response);
    return { result, issued: response.get("x-session-token") as string };
  }

  async userOf(token: string) {
    return (await this.send(token, ({ userId }) => userId)).result;
  }
}

const PIPELINING = { enableAutoPipelining: true, maxRetriesPerRequest: 0, enableOfflineQueue: false };

const PAIRS: readonly [name: string, connect: () => Promise<[RedisClient, RedisClient]>, prefixes: [string, string]][] =
  [
    ["@redis/client", async () => [await connectNode(), await connectNode({ RESP: 2 })], ["n:", "n:"]],
    ["ioredis", async () => [await connectIo(), await connectIo({ protocol: 2 })], ["i:", "i:"]],
    [
      "both at once, each with unusual options",
      async () => [
        await connectNode({ commandOptions: { typeMapping: { 36: Buffer, 58: String } }, disableOfflineQueue: true }),
        await connectIo({ keyPrefix: "odd:", stringNumbers: true, replyMapping: "resp3", ...PIPELINING }),
      ],
      ["odd:x:", "x:"],
    ],
  ];

for (const [name, connect, prefixes] of PAIRS) {
  describe(`two processes over ${name}`, () => {
    const open = async () => {
      const clients = await connect();
      const stores = [await openCache(clients[0], prefixes[0]), await openCache(clients[1], prefixes[1])] as const;
      return { stores, apps: [new App(stores[0]), new App(stores[1])] as const };
    };

    test("F2: a sign-out at one is refused by the other, which had a copy", async () => {
      const { stores, apps } = await open();
      for (const [here, there] of [
        [0, 1],
        [1, 0],
      ] as const) {
        const { issued: token } = await apps[here].send(undefined, (session) => session.signIn("ann"));
        await untilKept(stores[there], sidOf(token));
        assert.equal(await apps[there].userOf(token), "ann");
        await apps[here].send(token, (session) => session.signOut());
        assert.equal(await apps[here].userOf(token), null);
        await until("it is refused", async () => (await apps[there].userOf(token)) === null);
      }
    });

    test("what one writes the other reads, and a secret that one rotated is known to the other at once", async () => {
      const { stores, apps } = await open();
      const { issued: token } = await apps[0].send(undefined, (session) => session.signIn("ann"));
      await untilKept(stores[1], sidOf(token));
      await apps[0].send(token, (session) => session.set("n", 1));
      await until("it is read", async () => (await apps[1].send(token, (session) => session.get("n"))).result === 1);
      const { issued } = await apps[0].send(token, (session) => session.rotate());
      assert.equal(await apps[1].userOf(issued), "ann");
    });

    test("F2: a revocation of all of a user's sessions is told for each", async () => {
      const { stores, apps } = await open();
      const tokens: string[] = [];
      for (let i = 0; i < 20; i++)
        tokens.push((await apps[0].send(undefined, (session) => session.signIn("bob"))).issued);
      for (const token of tokens) await untilKept(stores[1], sidOf(token));
      assert.equal(await apps[0].manager.revokeUser("bob"), 20);
      for (const token of tokens) {
        await until("it is refused", async () => (await apps[1].userOf(token)) === null);
      }
    });
  });
}

describe("a connection that tracks", () => {
  for (const [name, connect] of [
    ["@redis/client", connectNode],
    ["ioredis", connectIo],
  ] as const) {
    test(`F7: of ${name} that is cut empties the cache, and is made anew`, async () => {
      const own = await startRedis();
      closing.push(() => own.close());
      const client = await connect({}, own);
      const store = await openCache(client, "cut:");
      const record = sampleRecord();
      await store.create(record);
      await untilKept(store, record.sid);
      const [id = ""] = await trackers(own);
      assert.equal((await figures(store)).entries, 1);
      await own.ask("CLIENT", "KILL", "ID", id);
      await until("it is empty", async () => (await figures(store)).entries === 0);
      await patientStore(client, "cut:").delete(record.sid);
      assert.equal(await read(store, record.sid), null);
      await untilCoherent(store);
      assert.ok((await figures(store)).resets >= 1);
      await store.close();
      await until("no connection is left", async () => (await trackers(own)).length === 0);
    });
  }

  test("ends with its store, also one that was just being made", async () => {
    const before = (await trackers()).length;
    const client = await connectNode();
    const stores = [1, 2, 3].map(() => cachedStore(redisStore({ client, prefix: "end:" })));
    await untilCoherent(stores[0] as SessionStore);
    const last = cachedStore(redisStore({ client, prefix: "end:" }));
    await Promise.all([...stores, last].map((store) => store.close()));
    await until("all are gone", async () => (await trackers()).length === before);
    assert.equal(await client.ping(), "PONG");
  });

  test("whose user may not track makes no cache, and no trouble", async () => {
    const username = "untracked";
    const password = randomBytes(16).toString("hex");
    await server.ask("ACL", "SETUSER", username, "on", `>${password}`, "~*", "&*", "+@all", "-client|tracking");
    const store = cachedStore(redisStore({ client: await connectNode({ username, password }), prefix: "acl:" }));
    closing.push(() => store.close());
    await until("it knows why", async () => /permission/.test(String((await figures(store)).problem)));
    const record = sampleRecord();
    await store.create(record);
    for (let i = 0; i < 3; i++) assert.equal((await read(store, record.sid))?.sid, record.sid);
    const { isCoherent, misses, entries } = await figures(store);
    assert.deepEqual([isCoherent, misses, entries], [false, 3, 0]);
  });

  test("P6: to another Redis than the store writes to proves nothing", async () => {
    const other = await startRedis();
    closing.push(() => other.close());
    const [client, stray] = [await connectNode(), await connectNode({}, other)];
    const misled = new Proxy(client, {
      get(target, name) {
        if (name === "duplicate") return stray.duplicate.bind(stray);
        const value = Reflect.get(target, name) as unknown;
        return typeof value === "function" ? (value.bind(target) as unknown) : value;
      },
    });
    const store = cachedStore(redisStore({ client: misled, prefix: "stray:" }), { maxStaleness: 100 });
    closing.push(() => store.close());
    await until("it tracks there", async () => {
      await figures(store);
      return (await trackers(other)).length > 0;
    });
    await until("it has given up", async () => (await trackers(other)).length === 0);
    assert.equal((await figures(store)).isCoherent, false);
  });
});

describe("a Redis that says nothing", () => {
  interface Frozen {
    readonly own: RedisServer;
    readonly store: CachedStore;
    readonly sid: string;
    readonly pass: (milliseconds: number) => void;
  }

  /** Milliseconds stand still until they are passed. */
  async function openFrozen(maxStaleness: number): Promise<Frozen> {
    const own = await startRedis();
    closing.push(() => own.close());
    const client = await connectNode({}, own);
    let now = 0;
    const inner = redisStore({ client, prefix: "still:", deadline: 2000 });
    assert.ok(inner instanceof RedisStore);
    const tracking = new Tracking(inner.port, inner.keys, maxStaleness, () => now);
    const store = new CachedStore(inner, tracking, { maxEntries: 10, maxBytes: 1e6 });
    closing.push(() => store.close());
    await untilCoherent(store);
    const { sid } = sampleRecord();
    await store.create(sampleRecord({ sid }));
    await untilKept(store, sid);
    const pass = (milliseconds: number) => {
      now += milliseconds;
    };
    return { own, store, sid, pass };
  }

  test("F7: is believed for `maxStaleness` after the last proof, and not a millisecond longer", async () => {
    const { own, store, sid, pass } = await openFrozen(60_000);
    own.pause();
    pass(59_999);
    assert.equal((await read(store, sid))?.sid, sid);
    pass(1);
    await assert.rejects(async () => read(store, sid), { code: "ERR_SESSION_STORE" });
    own.resume();
  });

  test("F7: for longer than `maxStaleness` empties the cache, and is asked for everything until it proves itself again", async () => {
    const { own, store, sid } = await openFrozen(200);
    own.pause();
    await until("it is empty", async () => (await figures(store)).entries === 0);
    await assert.rejects(async () => read(store, sid), { code: "ERR_SESSION_STORE" });
    own.resume();
    await untilCoherent(store);
    assert.equal((await read(store, sid))?.sid, sid);
    assert.ok((await figures(store)).resets >= 1);
  });
});

test("an emptied Redis empties the cache", async () => {
  const own = await startRedis();
  closing.push(() => own.close());
  const store = await openCache(await connectNode({}, own), "flush:");
  const record = sampleRecord();
  await store.create(record);
  await untilKept(store, record.sid);
  await own.ask("FLUSHALL");
  await until("it is empty", async () => (await figures(store)).entries === 0);
  assert.equal(await read(store, record.sid), null);
});

test("nothing is asked of Redis while no request asks the cache, and what it asked with is gone soon", async () => {
  const own = await startRedis();
  closing.push(() => own.close());
  const store = await openCache(await connectNode({}, own), "idle:", { maxStaleness: 100 });
  const busy = await openCache(await connectNode({}, own), "busy:", { maxStaleness: 100 });
  const asked = async (prefix: string) => (await own.ask("KEYS", `${prefix}b:*`)) as string[];
  await until("it is asked", async () => {
    await figures(store);
    return (await asked("idle:")).length >= 5;
  });
  await until("it is asked no more, for as long as eight turns of another cache take", async () => {
    const [idle, others] = [await asked("idle:"), await asked("busy:")];
    await until("the other one is asked", async () => {
      await figures(busy);
      return (await asked("busy:")).filter((key) => !others.includes(key)).length >= 8;
    });
    return (await asked("idle:")).every((key) => idle.includes(key));
  });
  const keys = (await own.ask("KEYS", "idle:b:*")) as string[];
  for (const key of keys) assert.ok(Number(await own.ask("PTTL", key)) <= 10_000);
  await untilCoherent(store);
});

describe("options", () => {
  const client = { isReady: true, sendCommand: async () => null } satisfies RedisClient;

  test("that cannot work are refused by name", () => {
    const refused = (options: object, message: RegExp) => {
      assert.throws(() => cachedStore(redisStore({ client }), options), { code: "ERR_SESSION_OPTION", message });
    };
    refused({ ttl: 1 }, /`ttl`/);
    for (const value of [0, -1, 1.5, Number.NaN, "1"]) refused({ maxEntries: value }, /`maxEntries`/);
    for (const value of [0, Number.POSITIVE_INFINITY]) refused({ maxBytes: value }, /`maxBytes`/);
    for (const value of [99, 60_001, 250.5]) refused({ maxStaleness: value }, /`maxStaleness`/);
  });

  test("a store that cannot be tracked is refused", () => {
    const refused = (store: SessionStore) => {
      assert.throws(() => cachedStore(store), { code: "ERR_SESSION_OPTION", message: /`store`/ });
    };
    refused(memoryStore());
    refused(countingStore(memoryStore()));
    const port = { isReady: () => true, send: async () => null };
    refused(redisStore({ client: port }));
    refused(redisStore({ client: { ...port, primaries: () => [{ name: "", ask: port.send, owns: () => true }] } }));
    refused(redisStore({ client: createCluster({ rootNodes: [{ url: server.url }] }), prefix: "{all}:" }));
  });
});
