// That a record which was read before is compared with what Redis holds, and never answered instead of it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { fullRecord } from "sessile/testing";
import { encodeRecord } from "#dist/stores/network/codec.js";
import { RedisStore } from "#dist/stores/redis/store.js";

const record = fullRecord();

/** A store, and what Redis holds of every session. */
function storeOn(stored: { text: string | null }): RedisStore {
  const send = async (_key: string, [command]: readonly string[]) => (command === "GET" ? stored.text : "OK");
  return new RedisStore({ isReady: () => true, send }, { prefix: "p:", deadline: 10_000 });
}

test("a record whose text did not change is taken apart once", async () => {
  const store = storeOn({ text: encodeRecord(record) });
  const first = await store.load(record.sid);
  assert.deepEqual(first, record);
  assert.equal(await store.load(record.sid), first);
});

test("a known record that was changed, damaged or deleted since is answered as it is now", async () => {
  const stored: { text: string | null } = { text: encodeRecord(record) };
  const store = storeOn(stored);
  await store.load(record.sid);
  const changed = { ...record, version: record.version + 1, data: "{}" };
  stored.text = encodeRecord(changed);
  assert.deepEqual(await store.load(record.sid), changed);
  stored.text = stored.text.replace("{}", "[]");
  await assert.rejects(store.load(record.sid), { code: "ERR_SESSION_RECORD" });
  stored.text = null;
  assert.equal(await store.load(record.sid), null);
});

test("a store behind a cache keeps no records beside those of the cache", async () => {
  const store = storeOn({ text: encodeRecord(record) });
  store.keepNoRecords();
  assert.notEqual(await store.load(record.sid), await store.load(record.sid));
});
