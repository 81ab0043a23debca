// The answers from a copy, the calls of the store, and the effect of a write on copies.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { memoryStore, SessionError } from "sessile";
import type { SessionStore } from "sessile/store";
import { countingStore, pausingStore, sampleRecord } from "sessile/testing";
import { newGate } from "#dist/testing/gate.js";
import { benchOver, read, turn } from "./fakes.ts";

const HOUR = 3_600_000;

function counted() {
  const inner = countingStore(memoryStore());
  return { ...benchOver(inner), loads: () => inner.calls("load") };
}

describe("a load", () => {
  test("is answered from a copy the second time, and asks the store again once the record has changed elsewhere", async () => {
    const { inner, cached, source, loads } = counted();
    const record = sampleRecord();
    await inner.create(record);
    for (let i = 0; i < 10; i++) assert.equal((await read(cached, record.sid))?.writes, 1);
    assert.equal(loads(), 1);
    await inner.commit(record.sid, { at: record.createdAt, set: { a: 1 } });
    source.listener.changed(record.sid);
    assert.equal((await read(cached, record.sid))?.writes, 2);
    assert.equal(loads(), 2);
  });

  test("that is no peek always asks the store; an outdated copy goes then, one that is not stays", async () => {
    const { inner, cached, loads } = counted();
    const record = sampleRecord();
    await inner.create(record);
    await read(cached, record.sid);
    assert.equal((await cached.load(record.sid))?.writes, 1);
    await read(cached, record.sid);
    assert.equal(loads(), 2);
    await inner.commit(record.sid, { at: record.createdAt });
    assert.equal((await cached.load(record.sid))?.writes, 2);
    assert.equal((await read(cached, record.sid))?.writes, 2);
    assert.equal(loads(), 4);
  });

  test("F7: 100,000 interleaved reads each get their own session, and none another's", async () => {
    let seed = 1;
    const random = (below: number) => {
      seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((seed / 2 ** 32) * below);
    };
    const memory = memoryStore();
    const slow: SessionStore = new Proxy(memory, {
      get(target, name: keyof SessionStore) {
        if (name !== "load") return target[name]?.bind(target);
        return async (sid: string) => {
          const record = await target.load(sid);
          for (let turns = random(4); turns > 0; turns--) await turn();
          return record;
        };
      },
    });
    const { cached, source } = benchOver(slow, { maxEntries: 20 });
    const records = Array.from({ length: 50 }, () => sampleRecord());
    for (const record of records) await memory.create(record);
    for (let done = 0; done < 100_000; done += 500) {
      const asked = Array.from({ length: 500 }, () => records[random(50)]?.sid as string);
      const loading = asked.map(async (sid) => read(cached, sid));
      source.listener.changed(records[random(50)]?.sid as string);
      const loaded = await Promise.all(loading);
      assert.deepEqual(
        loaded.map((record) => record?.sid),
        asked,
      );
    }
    const { hits = 0, misses = 0 } = (await cached.stats()).cache ?? {};
    assert.equal(hits + misses, 100_000);
    assert.ok(hits > 10_000 && misses > 10_000, `${hits} hits, ${misses} misses`);
  });

  test("of a session that another process began during a load finds it", async () => {
    const memory = memoryStore();
    const answered = newGate();
    let loads = 0;
    const first: SessionStore = new Proxy(memory, {
      get(target, name: keyof SessionStore) {
        if (name !== "load" || loads++ > 0) return target[name]?.bind(target);
        return () => answered.enter().then(() => null);
      },
    });
    const { cached } = benchOver(first);
    const record = sampleRecord();
    const early = read(cached, record.sid);
    await memory.create(record);
    const joined = read(cached, record.sid);
    answered.open();
    assert.equal(await early, null);
    assert.equal((await joined)?.sid, record.sid);
  });

  test("that finds nothing is not remembered, nor one that fails", async () => {
    const memory = memoryStore();
    let isDown = false;
    const flaky: SessionStore = new Proxy(memory, {
      get(target, name: keyof SessionStore) {
        if (name !== "load" || !isDown) return target[name]?.bind(target);
        return () => Promise.reject(new SessionError("ERR_SESSION_STORE", "down"));
      },
    });
    const { cached } = benchOver(flaky);
    const record = sampleRecord();
    assert.equal(await read(cached, record.sid), null);
    await memory.create(record);
    isDown = true;
    const failed = await Promise.allSettled([1, 2, 3].map(async () => read(cached, record.sid)));
    assert.deepEqual(
      failed.map(({ status }) => status),
      ["rejected", "rejected", "rejected"],
    );
    isDown = false;
    assert.equal((await read(cached, record.sid))?.sid, record.sid);
    assert.equal((await cached.stats()).cache?.entries, 1);
  });

  test("asks the store while changes might go unnoticed; entries are of use again when the source says so", async () => {
    const { inner, cached, source, loads } = counted();
    const record = sampleRecord();
    await inner.create(record);
    await read(cached, record.sid);
    source.isOn = false;
    await Promise.all([read(cached, record.sid), read(cached, record.sid)]);
    assert.equal(loads(), 3);
    assert.equal((await cached.stats()).cache?.isCoherent, false);
    source.isOn = true;
    await read(cached, record.sid);
    assert.equal(loads(), 3);
  });

  test("that was begun before the source was lost leaves no copy", async () => {
    const inner = pausingStore(memoryStore());
    const { cached, source } = benchOver(inner);
    const record = sampleRecord();
    await cached.create(record);
    const gate = inner.pause("load");
    const loading = read(cached, record.sid);
    await gate.reached;
    source.listener.reset();
    gate.open();
    assert.equal((await loading)?.sid, record.sid);
    const { entries, bytes, resets } = (await cached.stats()).cache ?? {};
    assert.deepEqual([entries, bytes, resets], [0, 0, 1]);
  });

  test("whose answer comes after word of a change leaves no copy", async () => {
    const { inner, cached, source, loads } = counted();
    const record = sampleRecord();
    await inner.create(record);
    const loading = read(cached, record.sid);
    source.listener.changed(record.sid);
    await loading;
    await read(cached, record.sid);
    assert.equal(loads(), 2);
  });
});

describe("a write here", () => {
  const writes: [name: string, write: (store: SessionStore, sid: string) => Promise<unknown>, after: number | null][] =
    [
      ["a commit", (store, sid) => store.commit(sid, { at: 0, set: { a: 1 } }), 2],
      ["a delete", (store, sid) => store.delete(sid), null],
      ["a revocation of all", (store) => store.deleteByUser("ann"), null],
      ["a sweep", (store) => store.deleteExpired({ now: Number.MAX_SAFE_INTEGER, limit: 10 }), null],
      [
        "a sign-in that evicts",
        (store) => store.create(sampleRecord({ userId: "ann" }), { max: 1, onExceeded: "evictOldest" }),
        null,
      ],
    ];
  for (const [name, write, after] of writes) {
    test(`F2: ${name} is seen here as soon as it is acknowledged, before any word from the source`, async () => {
      const { cached } = benchOver();
      const record = sampleRecord({ userId: "ann" });
      await cached.create(record);
      await read(cached, record.sid);
      await write(cached, record.sid);
      assert.equal((await read(cached, record.sid))?.version ?? null, after);
    });
  }

  for (const method of ["commit", "delete"] as const) {
    test(`a ${method} that fails may have been done, so the copy goes`, async () => {
      const memory = memoryStore();
      const failing: SessionStore = new Proxy(memory, {
        get(target, name: keyof SessionStore) {
          if (name !== method) return target[name]?.bind(target);
          return async (sid: string) => {
            await target.delete(sid);
            throw new SessionError("ERR_SESSION_STORE", "no answer in time");
          };
        },
      });
      const { cached } = benchOver(failing);
      const record = sampleRecord();
      await cached.create(record);
      await read(cached, record.sid);
      await assert.rejects(method === "commit" ? cached.commit(record.sid, { at: 0 }) : cached.delete(record.sid));
      assert.equal(await read(cached, record.sid), null);
    });
  }
});

describe("the rest", () => {
  test("lists come from the store", async () => {
    const { inner, cached } = benchOver();
    const record = sampleRecord({ userId: "ann" });
    await cached.create(record);
    await read(cached, record.sid);
    await inner.delete(record.sid);
    assert.deepEqual((await cached.list("ann")).records, []);
  });

  test("who watches hears of what the store behind it tells", async () => {
    const { inner, cached } = benchOver();
    const record = sampleRecord();
    await inner.create(record);
    const heard: (string | null)[] = [];
    cached.watch((sid) => heard.push(sid));
    await inner.delete(record.sid);
    await turn();
    assert.deepEqual(heard, [record.sid]);
  });

  test("the figures tell what happened", async () => {
    const { cached, source } = benchOver(memoryStore(), { maxEntries: 2 });
    const records = [1, 2, 3].map(() => sampleRecord({ expiresAt: Date.now() + HOUR }));
    for (const record of records) await cached.create(record);
    for (const { sid } of records) await read(cached, sid);
    await read(cached, records[2]?.sid as string);
    source.listener.changed(records[2]?.sid as string);
    source.listener.changed("of no interest here");
    const { kind, sessions, cache } = await cached.stats();
    const { bytes, ...counts } = cache ?? { bytes: 0 };
    assert.deepEqual([kind, sessions], ["memory", 3]);
    assert.deepEqual(counts, {
      ...{ isCoherent: true, problem: null, entries: 1, hits: 1, misses: 3 },
      ...{ invalidations: 1, evictions: 1, resets: 0 },
    });
    assert.ok(bytes > 500 && bytes < 5000);
  });

  test("closing closes the source and the store", async () => {
    const { cached, source } = benchOver();
    await cached.close();
    assert.ok(source.isClosed);
    source.isOn = false;
    await assert.rejects(async () => read(cached, sampleRecord().sid), { code: "ERR_SESSION_STORE" });
  });
});
