// A walk through all sessions in Redis: among other keys, on a Cluster, and when Redis changes under it.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { createClient } from "@redis/client";
import type { SessionStore } from "sessile/store";
import { sampleRecord } from "sessile/testing";
import { startCluster } from "sessile-test-support/redis-cluster";
import { startRedis } from "sessile-test-support/redis-server";
import { waitUntil } from "sessile-test-support/wait-until";
import { CLUSTER, type Library, SINGLE } from "./clients.ts";
import { patientStore } from "./connect.ts";

const [server, cluster] = [await startRedis(), await startCluster()];
after(async () => {
  await server.close();
  await cluster.close();
});

async function walk(store: SessionStore, limit: number): Promise<{ sids: Set<string>; largest: number }> {
  const sids = new Set<string>();
  let largest = 0;
  for (let after: string | null | undefined; after !== null; ) {
    const page = await store.scan({ limit, ...(after !== undefined && { after }) });
    for (const { sid } of page.records) sids.add(sid);
    largest = Math.max(largest, page.records.length);
    after = page.next;
  }
  return { sids, largest };
}

async function fill(store: SessionStore, count: number): Promise<Set<string>> {
  const records = Array.from({ length: count }, (_, i) => sampleRecord({ userId: i % 2 === 0 ? `u${i}` : null }));
  await Promise.all(records.map((record) => store.create(record)));
  return new Set(records.map(({ sid }) => sid));
}

const KINDS = {
  single: (library: Library) => SINGLE[library]([{ host: "127.0.0.1", port: server.port }]),
  cluster: (library: Library) => CLUSTER[library](cluster.addresses),
};

for (const [kind, connect] of Object.entries(KINDS)) {
  for (const library of Object.keys(SINGLE) as Library[]) {
    test(`a walk shows every session of its prefix and no other on a ${kind} over ${library}`, async (t) => {
      const { client, close } = await connect(library);
      t.after(close);
      const store = patientStore(client, `w[${library}:`);
      await fill(patientStore(client, `w[${library}:x:`), 200);
      const sids = await fill(store, 300);
      const walked = await walk(store, 50);
      assert.deepEqual(walked.sids, sids);
      assert.ok(walked.largest < 100, `a page of 50 held ${walked.largest}`);
    });
  }
}

test("a walk among very many other keys costs little at a time, and comes to its end", async (t) => {
  const client = await createClient({ url: server.url }).connect();
  t.after(() => client.destroy());
  await client.mSet(Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`other:${i}`, "x"])));
  const store = patientStore(client, "few:");
  const sids = await fill(store, 5);
  assert.deepEqual((await walk(store, 100)).sids, sids);
});

test("a walk that began before a restart of Redis is refused, and begins anew", async (t) => {
  const own = await startRedis(["--appendonly", "yes"]);
  t.after(() => own.close());
  const { client, close } = await SINGLE["@redis/client"]([{ host: "127.0.0.1", port: own.port }]);
  t.after(close);
  const store = patientStore(client, "again:");
  const sids = await fill(store, 200);
  const { next } = await store.scan({ limit: 10 });
  await own.restart();
  const { sid } = sampleRecord();
  await waitUntil(
    "the client is back",
    async () => (await Promise.resolve(store.load(sid)).catch(() => "away")) === null,
  );
  await assert.rejects(store.scan({ limit: 10, after: next ?? "" }), {
    code: "ERR_SESSION_PAGE",
    message: /begin again/,
  });
  assert.deepEqual((await walk(store, 50)).sids, sids);
});

test("a walk is refused while slots move and after they have moved, because it would miss sessions", async (t) => {
  const { client, close } = await CLUSTER.ioredis(cluster.addresses);
  t.after(close);
  const store = patientStore(client, "moved:");
  const sids = await fill(store, 100);
  const { next } = await store.scan({ limit: 10 });
  await cluster.moveSlot(`moved:s:${[...sids][0]}`, () =>
    assert.rejects(store.scan(), { code: "ERR_SESSION_STORE", message: /being moved/ }),
  );
  await assert.rejects(store.scan({ after: next ?? "" }), { code: "ERR_SESSION_PAGE" });
  assert.deepEqual((await walk(store, 50)).sids, sids);
});
