// The checks that every store must pass, for any test runner. Each check makes its own records.

import assert from "node:assert/strict";
import { applyDelta, type SecretChange, type SessionDelta } from "../core/delta.ts";
import type { SessionRecord } from "../core/record.ts";
import type { Committed, Created, SessionStore, UserLimit } from "../core/store.ts";
import { fullRecord, randomDigest, sampleRecord } from "./records.ts";

/** Two stores on the same records: two connections, two processes, or one object twice. */
export interface StoresUnderTest {
  readonly stores: readonly [SessionStore, SessionStore];
  /** Damages the stored form of a record, so that it cannot be read any more. Absent if there is no stored form. */
  readonly corrupt?: (sid: string) => Promise<void>;
  /** True if the store's engine removes expired records by itself, so that sweeping removes none. */
  readonly expiresByItself?: boolean;
  /** A store on the same records for `scan`, if that needs rights which `stores` lack. Default: the first store. */
  readonly walker?: SessionStore;
  readonly close: () => Promise<void>;
}

export interface StoreCheck {
  readonly name: string;
  readonly run: (under: StoresUnderTest) => Promise<void>;
}

const HOUR = 60 * 60 * 1000;
let users = 0;

/** What `storeSuite` checks, one by one, for another test runner. */
export const storeChecks: readonly StoreCheck[] = [
  {
    name: "load gives back every field of what create stored",
    async run({ stores: [a, b] }) {
      const record = fullRecord({ userId: newUser() });
      assert.deepEqual(await a.create(record), { status: "created", evicted: [] });
      const loaded = await b.load(record.sid);
      assert.deepEqual({ ...loaded }, { ...record });
      assert.ok(Object.isFrozen(loaded), "a record must be frozen, so that requests cannot share changes by accident");
    },
  },
  {
    name: "A6: create never overwrites",
    async run({ stores: [a, b] }) {
      const record = sampleRecord({ userId: newUser(), data: '{"mine":1}' });
      await a.create(record);
      const impostor = sampleRecord({ sid: record.sid, userId: newUser(), data: '{"yours":1}' });
      assert.deepEqual(await b.create(impostor), { status: "exists" });
      assert.deepEqual({ ...(await a.load(record.sid)) }, { ...record });
      assert.deepEqual(await sidsOf(b, impostor.userId), []);
    },
  },
  {
    name: "A6: of parallel creates of one sid exactly one is created",
    async run({ stores }) {
      const sid = sampleRecord().sid;
      const answers = await all(20, (i) => each(stores, i).create(sampleRecord({ sid, data: `{"by":${i}}` })));
      assert.equal(answers.filter(({ status }) => status === "created").length, 1);
      assert.equal(answers.filter(({ status }) => status === "exists").length, 19);
    },
  },
  {
    name: "B3: an unknown, empty or hostile sid has no record",
    async run({ stores: [a] }) {
      for (const sid of [
        "",
        "*",
        "?",
        "__proto__",
        "constructor",
        "{tag}",
        "a:b",
        "' OR 1=1--",
        "\0",
        "🔑",
        "x".repeat(10_000),
        sampleRecord().sid,
      ]) {
        assert.equal(await a.load(sid), null);
        assert.equal(await a.delete(sid), false);
        assert.deepEqual(await a.commit(sid, { at: Date.now(), set: { k: 1 } }), { status: "gone" });
        assert.equal(await a.load(sid), null);
      }
    },
  },
  {
    name: "F2: peek never shows the state before an acknowledged change of its store",
    async run({ stores: [a] }) {
      if (a.peek === undefined) return;
      const use = { at: Date.now(), touch: { idleTimeout: HOUR } };
      const changes: [change: (record: SessionRecord) => Promise<unknown>, writes: number | null][] = [
        [({ sid }) => a.commit(sid, { at: Date.now(), set: { k: 1 } }), 2],
        [
          async (record) => (a.touch === undefined ? a.commit(record.sid, use) : a.touch([[record.sid, use, record]])),
          2,
        ],
        [({ sid }) => a.delete(sid), null],
        [({ userId }) => a.deleteByUser(userId as string), null],
        [({ userId }) => a.create(sampleRecord({ userId }), { max: 1, onExceeded: "evictOldest" }), null],
      ];
      for (const [change, writes] of changes) {
        const record = await stored(a, { userId: newUser() });
        for (let i = 0; i < 10; i++) await (a.peek(record.sid) ?? a.load(record.sid));
        await change(record);
        const copy = a.peek(record.sid);
        assert.ok(copy === null || copy.writes === writes, `${String(change)} left a copy with ${copy?.writes} writes`);
      }
    },
  },
  {
    name: "peek of an unknown or hostile sid is null, and throws for none",
    async run({ stores: [a] }) {
      for (const sid of ["", "__proto__", "constructor", "\0", "x".repeat(10_000), sampleRecord().sid])
        assert.equal(a.peek?.(sid) ?? null, null);
    },
  },
  {
    name: "F3: commit never creates",
    async run({ stores: [a, b] }) {
      const record = sampleRecord({ userId: newUser() });
      assert.deepEqual(await a.commit(record.sid, { at: Date.now(), set: { k: 1 } }, record), { status: "gone" });
      assert.equal(await b.load(record.sid), null);
      assert.deepEqual(await sidsOf(b, record.userId), []);
    },
  },
  {
    name: "F3: a commit with a record loaded before the deletion brings nothing back",
    async run({ stores: [a, b] }) {
      const record = await stored(a, { userId: newUser() });
      const base = await a.load(record.sid);
      assert.equal(await b.delete(record.sid), true);
      const deltas: Partial<SessionDelta>[] = [
        { set: { k: 1 } },
        { touch: { idleTimeout: HOUR } },
        { rotate: offerOf(record, randomDigest()) },
        { rotate: { kind: "replace", from: record.secretDigest, to: randomDigest(), family: randomDigest() } },
      ];
      for (const delta of deltas) {
        assert.deepEqual(await a.commit(record.sid, { at: Date.now(), ...delta }, base ?? undefined), {
          status: "gone",
        });
      }
      assert.equal(await a.load(record.sid), null);
      assert.equal(await b.load(record.sid), null);
      assert.deepEqual(await sidsOf(a, record.userId), []);
    },
  },
  {
    name: "F3: whatever races with a deletion, the record is gone afterwards",
    async run({ stores }) {
      await all(50, async (i) => {
        const record = await stored(each(stores, i), { userId: newUser() });
        const commits = all(4, (n) =>
          each(stores, n).commit(record.sid, { at: Date.now(), set: { [`k${n}`]: n } }, record),
        );
        const [deleted] = await Promise.all([each(stores, i + 1).delete(record.sid), commits]);
        assert.equal(deleted, true);
        assert.equal(await each(stores, i).load(record.sid), null);
        assert.deepEqual(await sidsOf(each(stores, i), record.userId), []);
      });
    },
  },
  {
    name: "E4: touch leaves each session as commit would, and brings none back",
    async run({ stores: [a, b], corrupt }) {
      if (a.touch === undefined) return;
      const now = Date.now();
      const make = (fields: Partial<SessionRecord> = {}) => {
        return stored(a, {
          userId: newUser(),
          createdAt: now - HOUR,
          lastSeenAt: now - HOUR,
          expiresAt: now + 1000,
          ...fields,
        });
      };
      const at = now + 500;
      const used = { seenAt: now, idleTimeout: 2 * HOUR };
      const touched: [why: string, record: SessionRecord, delta: SessionDelta][] = [
        ["used a moment ago", await make(), { at, touch: used }],
        [
          "used now",
          await make({ userId: null, data: '{"n":"\\"lastSeenAt\\":1"}' }),
          { at, touch: { idleTimeout: HOUR } },
        ],
        [
          "of a shorter idle timeout",
          await make({ idleTimeout: 5000 }),
          { at, touch: { seenAt: now, idleTimeout: 5000 } },
        ],
        ["that ends soon anyway", await make({ absoluteExpiresAt: now + HOUR }), { at, touch: used }],
        [
          "seen later by another request",
          await make({ lastSeenAt: at + 1, expiresAt: now + 3 * HOUR }),
          { at, touch: used },
        ],
        ["over since this millisecond", await make({ expiresAt: at }), { at, touch: used }],
        [
          "with every field",
          await make(fullRecord({ userId: '"expiresAt":7', expiresAt: now + HOUR })),
          { at, touch: used },
        ],
      ];
      const after = touched.map(([, record, delta]) => applyDelta(record, delta));
      const deleted = await make();
      const changed = await make();
      await b.delete(deleted.sid);
      await b.commit(changed.sid, { at: now, set: { k: 1 } }, changed);
      const damaged = await make();
      await corrupt?.(damaged.sid);
      const unknown = sampleRecord({ userId: newUser(), expiresAt: now + HOUR });
      await a.touch([
        ...touched.map(([, record, delta]) => [record.sid, delta, record] as const),
        ...[deleted, changed, damaged, unknown].map((record) => [record.sid, { at, touch: used }, record] as const),
        ...["", "__proto__", "\0", "' OR 1=1--\n"].map((sid) => [sid, { at, touch: used }] as const),
      ]);
      for (const [i, [why, record]] of touched.entries()) {
        const [next, loaded] = [after[i], await b.load(record.sid)];
        const { writes, ...rest } = loaded ?? record;
        const { writes: most, ...expected } = typeof next === "object" ? next : record;
        assert.deepEqual({ ...rest }, expected, `one ${why}`);
        assert.ok(writes === record.writes || writes === most, `${writes} writes of one ${why}`);
        assert.equal((await sidsOf(b, record.userId)).includes(record.sid), record.userId !== null);
      }
      const { data, version, lastSeenAt, expiresAt } = (await b.load(changed.sid)) as SessionRecord;
      assert.deepEqual(
        [data, version, lastSeenAt, expiresAt],
        ['{"k":1}', 2, now, now + 2 * HOUR],
        "one changed since",
      );
      for (const { sid, userId } of [deleted, unknown]) {
        assert.equal(await b.load(sid), null, "no touch creates a session");
        assert.deepEqual(await sidsOf(b, userId), []);
      }
      if (corrupt) await assert.rejects(async () => b.load(damaged.sid), { code: "ERR_SESSION_RECORD" });
      const late = touched[0]?.[1] as SessionRecord;
      await b.touch?.([[late.sid, { at, touch: { seenAt: now - 1, idleTimeout: HOUR } }, late]]);
      const last = (await a.load(late.sid)) as SessionRecord;
      assert.deepEqual([last.lastSeenAt, last.expiresAt], [now, now + 2 * HOUR], "a touch never goes back in time");
    },
  },
  {
    name: "F3: whatever races with touches of many sessions, each change is kept, and each end is one",
    async run({ stores }) {
      if (stores.some(({ touch }) => touch === undefined)) return;
      const userId = newUser();
      const records = await all(40, (i) => stored(each(stores, i), { userId }));
      const touch = { idleTimeout: 3 * HOUR };
      const touching = all(6, async (round) => {
        const order = round % 2 === 0 ? records : [...records].reverse();
        const touches = order.map((record) => [record.sid, { at: record.createdAt + round, touch }, record] as const);
        await each(stores, round).touch?.(touches);
      });
      const changing = all(10, (i) => {
        const { sid } = records[i] as SessionRecord;
        return each(stores, i).commit(sid, { at: Date.now(), set: { k: i } }, records[i]);
      });
      const deleting = all(10, (i) => each(stores, i).delete(records[10 + i]?.sid as string));
      await Promise.all([touching, changing, deleting]);
      for (const [i, { sid, createdAt }] of records.entries()) {
        const record = await each(stores, i).load(sid);
        assert.equal(record === null, i >= 10 && i < 20, `session ${i}`);
        if (record === null) continue;
        assert.equal(record.data, i < 10 ? `{"k":${i}}` : "{}");
        assert.ok(record.lastSeenAt >= createdAt + 5 && record.expiresAt >= createdAt + 5 + 3 * HOUR);
      }
      const again = stores[0].touch?.(
        records.map((record) => [record.sid, { at: Date.now(), touch }, record] as const),
      );
      await Promise.all([again, stores[1].deleteByUser(userId)]);
      assert.deepEqual(await liveSids(stores[0], records), []);
      assert.deepEqual(await sidsOf(stores[1], userId), []);
    },
  },
  {
    name: "a session's own idle timeout may change with a touch, and is stored",
    async run({ stores: [a, b] }) {
      const record = await stored(a);
      const at = record.lastSeenAt + 1;
      for (const idleTimeout of [1_000_000, 500_000]) {
        const next = okRecord(await a.commit(record.sid, { at, touch: { idleTimeout }, idleTimeout }));
        assert.deepEqual([next.idleTimeout, next.expiresAt], [idleTimeout, at + idleTimeout]);
        assert.deepEqual({ ...(await b.load(record.sid)) }, { ...next });
      }
    },
  },
  {
    name: "a session that becomes a user's leaves the former user's list, and the new one's revocation ends it",
    async run({ stores: [a, b] }) {
      const record = await stored(a, { userId: null });
      let before: SessionRecord = record;
      for (const owner of [newUser(), newUser(), null, newUser()]) {
        const at = before.lastSeenAt + 1;
        const next = okRecord(await a.commit(record.sid, { at, owner, set: { owner } }, before));
        assert.deepEqual([next.userId, next.authenticatedAt], [owner, owner === null ? null : at]);
        assert.equal(next.createdAt > before.createdAt, before.userId !== null, "it begins anew after a user");
        assert.deepEqual({ ...(await b.load(record.sid)) }, { ...next });
        assert.deepEqual(await sidsOf(b, before.userId), []);
        assert.deepEqual(await sidsOf(b, owner), owner === null ? [] : [record.sid]);
        if (before.userId !== null) assert.deepEqual(await b.deleteByUser(before.userId), []);
        before = next;
      }
      assert.deepEqual(await b.deleteByUser(before.userId as string), [record.sid]);
      assert.equal(await a.load(record.sid), null);
    },
  },
  {
    name: "a commit for a session that was another user's, or another of the same sid, finds none",
    async run({ stores: [a, b] }) {
      const record = await stored(a, { userId: newUser() });
      const { sid, createdAt: ifCreatedAt } = record;
      const late = { at: record.lastSeenAt + 1, set: { late: 1 }, ifCreatedAt };
      okRecord(await a.commit(sid, late, record));
      okRecord(await b.commit(sid, { at: record.lastSeenAt + 1, owner: newUser() }));
      assert.deepEqual(await a.commit(sid, { ...late, set: { late: 2 } }, record), { status: "gone" });
      await b.delete(sid);
      await b.create({ ...record, createdAt: ifCreatedAt + 1 });
      assert.deepEqual(await a.commit(sid, { ...late, set: { late: 3 } }, record), { status: "gone" });
      assert.deepEqual(await dataOf(b, sid), JSON.parse(record.data));
    },
  },
  {
    name: "F3: whatever races with a change of the user, the session is in one list, or gone from all",
    async run({ stores }) {
      await all(30, async (i) => {
        const [from, to] = [i % 2 === 0 ? null : newUser(), newUser()];
        const [a, b] = [each(stores, i), each(stores, i + 1)];
        const record = await stored(a, { userId: from });
        const { sid, lastSeenAt } = record;
        const moves = all(3, (n) =>
          each(stores, n).commit(sid, { at: lastSeenAt + 1, owner: to, set: { [`k${n}`]: n } }, record),
        );
        const end = [
          () => b.delete(sid),
          () => b.deleteByUser(to),
          () => (from === null ? null : b.deleteByUser(from)),
        ];
        await Promise.all([moves, end[i % 3]?.()]);
        const left = await b.load(sid);
        if (i % 3 === 0) assert.equal(left, null, "a deletion is final");
        assert.deepEqual(await sidsOf(a, to), left === null ? [] : [sid]);
        if (from !== null) assert.deepEqual(await sidsOf(a, from), []);
        await b.deleteByUser(to);
        assert.equal(await a.load(sid), null, "a revocation reaches it");
      });
    },
  },
  {
    name: "delete says true exactly once",
    async run({ stores }) {
      const record = await stored(stores[0], { userId: newUser() });
      const answers = await all(10, (i) => each(stores, i).delete(record.sid));
      assert.equal(answers.filter(Boolean).length, 1);
      assert.equal(await stores[0].delete(record.sid), false);
    },
  },
  {
    name: "commit answers with the record that is then stored",
    async run({ stores: [a, b] }) {
      const record = await stored(a, { data: '{"old":1,"kept":2}' });
      const next = okRecord(await a.commit(record.sid, { at: Date.now(), set: { new: [3] }, remove: ["old"] }, record));
      assert.deepEqual(JSON.parse(next.data), { kept: 2, new: [3] });
      assert.equal(next.version, record.version + 1);
      assert.deepEqual({ ...(await b.load(record.sid)) }, { ...next });
    },
  },
  {
    name: "F4: commit keeps keys that another request wrote meanwhile",
    async run({ stores: [a, b] }) {
      const record = await stored(a);
      okRecord(await a.commit(record.sid, { at: Date.now(), set: { first: 1 } }, record));
      okRecord(await b.commit(record.sid, { at: Date.now(), set: { second: 2 } }, record));
      okRecord(await a.commit(record.sid, { at: Date.now(), set: { third: 3 } }));
      assert.deepEqual(await dataOf(b, record.sid), { first: 1, second: 2, third: 3 });
    },
  },
  {
    name: "F4: parallel commits of different keys are all kept",
    async run({ stores }) {
      const record = await stored(stores[0]);
      await all(20, async (i) =>
        okRecord(await each(stores, i).commit(record.sid, { at: Date.now(), set: { [`k${i}`]: i } }, record)),
      );
      assert.deepEqual(
        await dataOf(stores[0], record.sid),
        Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`k${i}`, i])),
      );
      assert.equal((await stores[1].load(record.sid))?.version, 21);
    },
  },
  {
    name: "F4: a counter that is committed with ifVersion loses nothing",
    async run({ stores }) {
      const record = await stored(stores[0], { data: '{"n":0}' });
      await all(20, (i) => increment(each(stores, i), record));
      assert.deepEqual(await dataOf(stores[1], record.sid), { n: 20 });
    },
  },
  {
    name: "a commit for another version conflicts, writes nothing and shows the present record",
    async run({ stores: [a, b] }) {
      const record = await stored(a, { data: '{"n":1}' });
      const now = okRecord(await b.commit(record.sid, { at: Date.now(), set: { n: 2 } }, record));
      const answer = await a.commit(record.sid, { at: Date.now(), set: { n: 99 }, ifVersion: record.version }, record);
      assert.equal(answer.status, "conflict");
      assert.deepEqual({ ...(answer as { record: SessionRecord }).record }, { ...now });
      assert.deepEqual({ ...(await a.load(record.sid)) }, { ...now });
    },
  },
  {
    name: "G3: a merge that would exceed the limits conflicts",
    async run({ stores: [a] }) {
      const record = await stored(a, { data: `{"a":"${"x".repeat(50)}"}` });
      const limits = { dataBytes: 100, keys: 3 };
      const tooBig = await a.commit(record.sid, { at: Date.now(), set: { b: "y".repeat(60) }, limits }, record);
      assert.equal(tooBig.status, "conflict");
      const tooMany = await a.commit(record.sid, { at: Date.now(), set: { b: 1, c: 2, d: 3 }, limits }, record);
      assert.equal(tooMany.status, "conflict");
      assert.deepEqual({ ...(await a.load(record.sid)) }, { ...record });
    },
  },
  {
    name: "hostile keys and values come back as they were",
    async run({ stores: [a, b] }) {
      const values = {
        "": 1,
        constructor: { prototype: { x: 1 } },
        "a:b{c}*?": "' OR 1=1--",
        "🔑\u0000\n\u2028": "\ud800",
        hasOwnProperty: null,
        "|": "1|{}\n",
      };
      const record = await stored(a);
      okRecord(await a.commit(record.sid, { at: Date.now(), set: values }, record));
      assert.deepEqual(await dataOf(b, record.sid), values);
      assert.equal(({} as Record<string, unknown>)["x"], undefined);
    },
  },
  {
    name: "a large record comes back whole",
    async run({ stores: [a, b] }) {
      const data = JSON.stringify({ text: "é🔑x".repeat(10_000) });
      const record = await stored(a, { data });
      assert.equal((await b.load(record.sid))?.data, data);
    },
  },
  {
    name: "E2: a touch moves the deadline forwards, never backwards, never beyond the absolute one",
    async run({ stores: [a, b] }) {
      const record = await stored(a);
      const at = record.lastSeenAt + 1000;
      const first = okRecord(await a.commit(record.sid, { at, touch: { idleTimeout: HOUR } }, record));
      assert.deepEqual([first.lastSeenAt, first.expiresAt], [at, record.expiresAt + 1000]);
      const late = okRecord(await b.commit(record.sid, { at: at - 500, touch: { idleTimeout: HOUR } }, record));
      assert.deepEqual([late.lastSeenAt, late.expiresAt], [at, record.expiresAt + 1000]);
      const far = okRecord(await a.commit(record.sid, { at, touch: { idleTimeout: 48 * HOUR } }, late));
      assert.equal(far.expiresAt, record.absoluteExpiresAt);
      assert.equal(far.absoluteExpiresAt, record.absoluteExpiresAt);
    },
  },
  {
    name: "a touch leaves the data, a change of data leaves the deadline",
    async run({ stores: [a] }) {
      const record = await stored(a, { data: '{"k":1}' });
      const touched = okRecord(
        await a.commit(record.sid, { at: Date.now(), touch: { idleTimeout: 2 * HOUR } }, record),
      );
      assert.deepEqual([touched.data, touched.version], [record.data, record.version], "as an ETag needs it");
      assert.ok(touched.writes > record.writes);
      const changed = okRecord(await a.commit(record.sid, { at: Date.now() + 5000, set: { k: 2 } }, touched));
      assert.deepEqual([changed.expiresAt, changed.lastSeenAt], [touched.expiresAt, touched.lastSeenAt]);
      assert.ok(changed.version > touched.version && changed.writes > touched.writes);
    },
  },
  {
    name: "E4: a commit on the deadline or later finds nothing",
    async run({ stores: [a, b] }) {
      const record = await stored(a);
      okRecord(await a.commit(record.sid, { at: record.expiresAt - 1, set: { k: 1 } }, record));
      for (const at of [record.expiresAt, record.expiresAt + HOUR]) {
        const touch = { idleTimeout: HOUR };
        assert.deepEqual(await a.commit(record.sid, { at, touch }, record), { status: "gone" });
        assert.deepEqual(await b.commit(record.sid, { at, touch }), { status: "gone" });
      }
    },
  },
  {
    name: "D7: of parallel offers of a new secret exactly one is made, and of parallel uses of it exactly one takes it",
    async run({ stores }) {
      const record = await stored(stores[0], { userId: newUser() });
      const secrets = Array.from({ length: 20 }, randomDigest);
      const offers = await allOf(stores, record, (i) => offerOf(record, secrets[i] as string));
      const offer = (await stores[1].load(record.sid))?.rotation?.offer as string;
      assert.deepEqual(
        offers.flatMap(({ status }, i) => (status === "ok" ? [secrets[i]] : [])),
        [offer],
      );
      const uses = await allOf(stores, record, () => ({ kind: "take", to: offer }));
      assert.deepEqual(uses.map(({ status }) => status).sort(), [...Array(19).fill("conflict"), "ok"]);
      const after = await stores[0].load(record.sid);
      assert.deepEqual([after?.secretDigest, after?.rotation?.offer], [offer, null]);
      assert.deepEqual(after?.rotation?.previous, [record.secretDigest]);
    },
  },
  {
    name: "D7: of parallel replacements of a secret exactly one succeeds",
    async run({ stores }) {
      const record = await stored(stores[0], { userId: newUser() });
      const successors = Array.from({ length: 20 }, randomDigest);
      const family = randomDigest();
      const answers = await allOf(stores, record, (i) => {
        return { kind: "replace", from: record.secretDigest, to: successors[i] as string, family };
      });
      const winners = answers.flatMap((answer, i) => (answer.status === "ok" ? [successors[i]] : []));
      assert.equal(winners.length, 1);
      assert.equal(answers.filter(({ status }) => status === "conflict").length, 19);
      const after = await stores[1].load(record.sid);
      assert.deepEqual([after?.secretDigest, after?.rotation?.previous], [winners[0], [record.secretDigest]]);
    },
  },
  {
    name: "an offer is refused over another than the open one, and after the current secret was replaced",
    async run({ stores: [a, b] }) {
      const record = await stored(a, { userId: newUser() });
      const first = okRecord(
        await a.commit(record.sid, { at: Date.now(), rotate: offerOf(record, randomDigest()) }, record),
      );
      const late = await b.commit(record.sid, { at: Date.now(), rotate: offerOf(record, randomDigest()) }, record);
      assert.equal(late.status, "conflict");
      const second = okRecord(
        await b.commit(record.sid, { at: Date.now(), rotate: offerOf(first, randomDigest()) }, first),
      );
      assert.deepEqual([second.rotation?.count, second.rotation?.taken], [2, 0]);
      const lost: SecretChange = { kind: "take", to: first.rotation?.offer as string };
      assert.equal((await a.commit(record.sid, { at: Date.now(), rotate: lost }, first)).status, "conflict");
      const replace: SecretChange = {
        kind: "replace",
        from: record.secretDigest,
        to: randomDigest(),
        family: randomDigest(),
      };
      const third = okRecord(await a.commit(record.sid, { at: Date.now(), rotate: replace }, second));
      assert.deepEqual(third.rotation?.previous, [second.rotation?.offer, record.secretDigest]);
      assert.equal(
        (await b.commit(record.sid, { at: Date.now(), rotate: offerOf(second, randomDigest()) }, second)).status,
        "conflict",
      );
    },
  },
  {
    name: "D10: an elevation moves when the user proved who they are together with the secret, of its user's session alone",
    async run({ stores: [a, b] }) {
      const record = await stored(a, { userId: newUser(), data: '{"k":1}' });
      const replace = (from: string): SecretChange => ({
        kind: "replace",
        from,
        to: randomDigest(),
        family: randomDigest(),
      });
      let now = record;
      for (const keep of [undefined, record.secretDigest, record.secretDigest]) {
        const at = now.lastSeenAt + 1;
        const rotate = { ...replace(now.secretDigest), ...(keep !== undefined && { keep }) } as SecretChange;
        const delta = { at, elevate: record.userId as string, rotate, touch: { idleTimeout: 1_000_000 } };
        const next = okRecord(await a.commit(record.sid, delta, record));
        assert.deepEqual([next.authenticatedAt, next.rotatedAt, next.data], [at, at, record.data]);
        assert.ok(next.rotation?.previous.includes(record.secretDigest), "what the client holds stays good");
        assert.deepEqual({ ...(await b.load(record.sid)) }, { ...next });
        assert.deepEqual(await sidsOf(b, record.userId), [record.sid]);
        now = next;
      }
      const late = { at: now.lastSeenAt + 1, elevate: record.userId as string };
      assert.equal((await b.commit(record.sid, { ...late, rotate: replace(record.secretDigest) })).status, "conflict");
      const other = { ...late, elevate: newUser(), rotate: replace(now.secretDigest) };
      assert.deepEqual(await b.commit(record.sid, other, now), { status: "gone" });
      assert.deepEqual({ ...(await a.load(record.sid)) }, { ...now });
      await a.delete(record.sid);
      assert.deepEqual(await b.commit(record.sid, late, now), { status: "gone" });
    },
  },
  {
    name: "a rotation keeps the data, the user and the deadlines",
    async run({ stores: [a] }) {
      const record = await stored(a, { userId: newUser(), data: '{"k":1}' });
      let now = record;
      for (let i = 1; i <= 20; i++) {
        const offered = okRecord(
          await a.commit(record.sid, { at: Date.now(), rotate: offerOf(now, randomDigest()) }, now),
        );
        const take: SecretChange = { kind: "take", to: offered.rotation?.offer as string };
        const next = okRecord(await a.commit(record.sid, { at: Date.now(), rotate: take }, offered));
        assert.deepEqual(
          [next.rotation?.count, next.rotation?.taken, next.rotation?.previous],
          [i, i, [now.secretDigest]],
        );
        now = next;
      }
      assert.deepEqual([now.data, now.userId, now.expiresAt], [record.data, record.userId, record.expiresAt]);
    },
  },
  {
    name: "list shows a user's sessions, oldest first, in pages that neither repeat nor miss",
    async run({ stores: [a, b] }) {
      const userId = newUser();
      const created: string[] = [];
      const now = Date.now();
      // Each of a pair in one millisecond, and the older a pair the longer it lasts. One becomes the user's later.
      for (let i = 0; i < 7; i++) {
        const [createdAt, absoluteExpiresAt] = [now + (i >> 1), now + 24 * HOUR - i];
        const { sid } = await stored(a, { userId: i === 2 ? null : userId, createdAt, absoluteExpiresAt });
        if (i === 2) okRecord(await a.commit(sid, { at: now + 1000, owner: userId }));
        created.push(sid);
      }
      const seen: string[] = [];
      let after: string | undefined;
      for (let pages = 1; ; pages++) {
        const page = await b.list(userId, { limit: 3, ...(after !== undefined && { after }) });
        seen.push(...page.records.map(({ sid }) => sid));
        if (page.next === null) {
          assert.equal(pages, 3);
          break;
        }
        after = page.next;
      }
      assert.deepEqual([...seen].sort(), [...created].sort());
      const ages = await Promise.all(seen.map(async (sid) => (await a.load(sid))?.createdAt ?? 0));
      assert.deepEqual(
        ages,
        [...ages].sort((x, y) => x - y),
      );
    },
  },
  {
    name: "scan shows all sessions, anonymous ones too, a page at a time",
    async run({ stores: [a, b], walker = b }) {
      const users = [newUser(), newUser(), null];
      const created = await all(9, (i) => stored(a, { userId: users[i % 3] ?? null, data: `{"n":${i}}` }));
      const walked = await walk(walker);
      for (const record of created) assert.deepEqual({ ...walked.get(record.sid) }, { ...record });
    },
  },
  {
    name: "scan misses no session that is there all the time, whatever comes and goes between its pages",
    async run({ stores: [a, b], walker = b }) {
      const stays = await all(20, () => stored(a, { userId: newUser() }));
      const goes = await all(20, () => stored(a));
      const walked = await walk(walker, async () => {
        const { sid } = goes.pop() ?? {};
        if (sid !== undefined) await a.delete(sid);
        await stored(a);
        const touched = stays[goes.length % 20] as SessionRecord;
        okRecord(await a.commit(touched.sid, { at: Date.now(), set: { k: 1 } }));
      });
      for (const { sid } of stays) assert.ok(walked.has(sid));
      for (const { sid } of await all(3, () => stored(a))) assert.ok((await walk(walker)).has(sid));
    },
  },
  {
    name: "scan does not show what was deleted before, nor what cannot be read",
    async run({ stores: [a, b], walker = b, corrupt }) {
      const [gone, damaged, intact] = [await stored(a), await stored(a), await stored(a)];
      await a.delete(gone.sid);
      await corrupt?.(damaged.sid);
      const walked = await walk(walker);
      assert.ok(walked.has(intact.sid) && !walked.has(gone.sid));
      assert.equal(walked.has(damaged.sid), corrupt === undefined);
      await a.delete(damaged.sid);
    },
  },
  {
    name: "scan refuses a cursor that no page gave out",
    async run({ stores: [a], walker = a }) {
      for (const after of ["", "x", "0", "1.2", "\0", "' OR 1=1--", "x".repeat(1000)])
        await assert.rejects(walker.scan({ after }), { code: "ERR_SESSION_PAGE" });
    },
  },
  {
    name: "C4: the sessions of users with confusable ids never mix",
    async run({ stores: [a, b] }) {
      const base = newUser();
      const ids = [
        base,
        `${base}:`,
        `${base}:x`,
        `{${base}}`,
        `${base}*`,
        `${base}\0`,
        `${base}é`,
        `${base}e\u0301`,
        `${base} `,
        `${base}🔑`,
        base.toUpperCase(),
      ];
      const created = new Map<string, string>();
      for (const id of ids) created.set(id, (await stored(a, { userId: id })).sid);
      for (const id of ids) assert.deepEqual(await sidsOf(b, id), [created.get(id)]);
      assert.deepEqual(await a.deleteByUser(base), [created.get(base)]);
      for (const id of ids.slice(1)) assert.deepEqual(await sidsOf(b, id), [created.get(id)]);
    },
  },
  {
    name: "D9: deleteByUser ends all of a user's sessions but the one to keep, and no other user's",
    async run({ stores: [a, b] }) {
      const userId = newUser();
      const records = await all(5, () => stored(a, { userId }));
      const other = await stored(a, { userId: newUser() });
      const [kept, ...rest] = records.map(({ sid }) => sid) as [string, ...string[]];
      assert.deepEqual([...(await b.deleteByUser(userId, kept))].sort(), rest.sort());
      assert.deepEqual(await sidsOf(a, userId), [kept]);
      for (const sid of rest) assert.equal(await a.load(sid), null);
      assert.notEqual(await a.load(other.sid), null);
      assert.deepEqual(await b.deleteByUser(userId), [kept]);
      assert.deepEqual(await b.deleteByUser(userId), []);
      assert.deepEqual(await b.deleteByUser(newUser()), []);
    },
  },
  {
    name: "D9: after a deleteByUser that raced with sign-ins, what lives is listed and what was reported ended is dead",
    async run({ stores }) {
      const userId = newUser();
      const records = Array.from({ length: 20 }, () => sampleRecord({ userId }));
      const early = await all(5, () => stored(stores[0], { userId }));
      const creating = all(20, (i) => each(stores, i).create(records[i] as SessionRecord));
      const [ended, answers] = await Promise.all([stores[1].deleteByUser(userId), creating]);
      for (const { sid } of early)
        assert.equal(await stores[0].load(sid), null, "it was there before, so it must be dead");
      const live = await liveSids(stores[0], records);
      assert.deepEqual(
        [...(await sidsOf(stores[1], userId))].sort(),
        live,
        "what lives and what is listed must be the same",
      );
      for (const sid of ended) assert.ok(!live.includes(sid));
      answers.forEach(({ status }, i) => {
        if (status === "revoked") assert.ok(!live.includes(records[i]?.sid as string));
      });
      const dead = records.length - live.length;
      assert.equal(
        dead,
        new Set([...ended.filter((sid) => records.some((r) => r.sid === sid)), ...revokedSids(answers, records)]).size,
      );
    },
  },
  {
    name: "D9: a deleteByUser ends the sign-in that has taken the place of a session which it was to end",
    async run({ stores }) {
      for (let round = 0; round < 20; round++) {
        const old = await stored(stores[0], { userId: newUser() });
        const next = sampleRecord({ userId: old.userId, createdAt: old.createdAt + 1 });
        const ending = each(stores, round).deleteByUser(old.userId as string);
        const answer = await each(stores, round >> 1).create(next, { max: 1, onExceeded: "evictOldest" });
        const ended = await ending;
        const isReplaced = answer.status === "created" && answer.evicted.includes(old.sid);
        if (isReplaced || !ended.includes(old.sid))
          assert.equal(await stores[0].load(next.sid), null, "it came before the deleteByUser, so it must be dead");
        assert.equal(await stores[0].load(old.sid), null);
      }
    },
  },
  {
    name: "D8: over the limit the oldest sessions end, and only they",
    async run({ stores: [a, b] }) {
      const userId = newUser();
      const limit = { max: 3, onExceeded: "evictOldest" } as const;
      const sids: string[] = [];
      const now = Date.now();
      for (let i = 0; i < 5; i++) {
        const record = sampleRecord({ userId, createdAt: now + i, absoluteExpiresAt: now + 24 * HOUR - i });
        sids.push(record.sid);
        assert.deepEqual(await a.create(record, limit), { status: "created", evicted: i < 3 ? [] : [sids[i - 3]] });
      }
      assert.deepEqual(await sidsOf(b, userId), sids.slice(2));
      for (const sid of sids.slice(0, 2)) assert.equal(await b.load(sid), null);
    },
  },
  {
    name: "D8: over the limit the new session is refused where that is the rule",
    async run({ stores: [a, b] }) {
      const userId = newUser();
      const limit = { max: 2, onExceeded: "refuse" } as const;
      const first = await stored(a, { userId });
      const second = await stored(a, { userId });
      const third = sampleRecord({ userId });
      assert.deepEqual(await b.create(third, limit), { status: "refused" });
      assert.equal(await a.load(third.sid), null);
      assert.deepEqual([...(await sidsOf(a, userId))].sort(), [first.sid, second.sid].sort());
      await a.delete(first.sid);
      assert.deepEqual(await b.create(third, limit), { status: "created", evicted: [] });
    },
  },
  {
    name: "D8: parallel sign-ins never leave more sessions than the limit",
    async run({ stores }) {
      for (const onExceeded of ["evictOldest", "refuse"] as const) {
        const userId = newUser();
        const records = Array.from({ length: 30 }, () => sampleRecord({ userId }));
        await all(30, (i) => each(stores, i).create(records[i] as SessionRecord, { max: 3, onExceeded }));
        const live = await liveSids(stores[0], records);
        assert.ok(
          live.length >= 1 && live.length <= 3,
          `${live.length} live sessions with a limit of 3 and ${onExceeded}`,
        );
        assert.deepEqual([...(await sidsOf(stores[1], userId))].sort(), live);
      }
    },
  },
  {
    name: "D8: of parallel sign-ins at the limit each begins, and each that made room is named once",
    async run({ stores }) {
      const userId = newUser();
      const limit = { max: 3, onExceeded: "evictOldest" } as const;
      const records = Array.from({ length: 15 }, () => sampleRecord({ userId }));
      const answers = await all(15, (i) => each(stores, i).create(records[i] as SessionRecord, limit));
      assert.deepEqual(
        answers.map(({ status }) => status),
        records.map(() => "created"),
        "a rule that evicts turns no sign-in away",
      );
      const evicted = answers.flatMap((answer) => (answer.status === "created" ? answer.evicted : []));
      const live = await liveSids(stores[0], records);
      assert.equal(live.length, 3);
      assert.deepEqual([...evicted, ...live].sort(), records.map(({ sid }) => sid).sort());
    },
  },
  {
    name: "D8: a session that becomes a user's over the limit ends the oldest, or is refused, in that very step",
    async run({ stores: [a, b] }) {
      for (const from of [null, newUser()]) {
        const [userId, now] = [newUser(), Date.now()];
        await stored(a, { userId, createdAt: now - HOUR, expiresAt: now - 1 });
        const oldest = await stored(a, { userId, createdAt: now - 20 });
        const other = await stored(a, { userId, createdAt: now - 10 });
        const record = await stored(a, { userId: from, createdAt: now - 1000 });
        const { sid } = record;
        const to = (onExceeded: UserLimit["onExceeded"], max = 2): SessionDelta => {
          return { at: now, owner: userId, set: { onExceeded }, userLimit: { max, onExceeded } };
        };
        assert.deepEqual(await b.commit(sid, to("refuse"), record), { status: "refused" });
        assert.deepEqual({ ...(await a.load(sid)) }, { ...record });
        const late = await b.commit(sid, { ...to("evictOldest"), ifVersion: record.version + 1 }, record);
        assert.equal(late.status, "conflict");
        assert.deepEqual([...(await liveSids(a, [oldest, other]))].sort(), [oldest.sid, other.sid].sort());
        const moved = await b.commit(sid, to("evictOldest"), record);
        assert.deepEqual((moved as { evicted?: readonly string[] }).evicted, [oldest.sid]);
        assert.deepEqual({ ...(await a.load(sid)) }, { ...okRecord(moved) });
        assert.equal(await a.load(oldest.sid), null);
        assert.deepEqual(await liveOf(a, userId, now), [sid, other.sid].sort());
        okRecord(await b.commit(sid, to("refuse", 1)));
        const gone = await a.commit(oldest.sid, to("evictOldest", 1), oldest);
        assert.deepEqual(gone, { status: "gone" });
        assert.deepEqual(await liveOf(b, userId, now), [sid, other.sid].sort(), "neither is the user's by this");
        await b.delete(other.sid);
        const next = await stored(a, { userId: from });
        const { status } = await a.commit(next.sid, to("refuse"), next);
        const live = [sid, ...(status === "ok" ? [next.sid] : [])].sort();
        assert.deepEqual(await liveOf(b, userId, now), live);
        assert.ok(status === "ok" || status === "refused", "a store that cannot be sure may refuse");
      }
    },
  },
  {
    name: "D8: of sign-ins and sessions that become a user's at once, no more stay than the limit allows",
    async run({ stores }) {
      for (const onExceeded of ["evictOldest", "refuse"] as const) {
        const [userId, userLimit] = [newUser(), { max: 3, onExceeded }];
        const records = await all(16, async (i) =>
          i % 2 === 0 ? sampleRecord({ userId }) : stored(stores[0], { userId: i % 4 === 1 ? null : newUser() }),
        );
        const answers = await all(16, (i): Promise<Created | Committed> => {
          const [store, record] = [each(stores, i >> 1), records[i] as SessionRecord];
          const delta = { at: Date.now(), owner: userId, userLimit };
          return i % 2 === 0 ? store.create(record, userLimit) : store.commit(record.sid, delta, record);
        });
        const begun = records.filter((_, i) => /^(created|ok)$/.test(answers[i]?.status as string));
        const evicted = answers.flatMap((answer) => ("evicted" in answer && answer.evicted) || []);
        const live = await liveOf(stores[1], userId, 0);
        assert.equal(new Set(evicted).size, evicted.length, "each is named once");
        assert.deepEqual([...evicted, ...live].sort(), begun.map(({ sid }) => sid).sort());
        if (onExceeded === "evictOldest") assert.equal(begun.length, 16, "a rule that evicts turns none away");
        assert.equal(live.length, 3, `${live.length} live sessions with a limit of 3 and ${onExceeded}`);
      }
    },
  },
  {
    name: "D8: two sessions that change users with each other at the limit of both never fail, and the limits hold",
    async run({ stores }) {
      await all(16, async () => {
        const users = [newUser(), newUser()] as const;
        const records = [await stored(stores[0], { userId: users[0] }), await stored(stores[0], { userId: users[1] })];
        const userLimit = { max: 1, onExceeded: "evictOldest" } as const;
        const answers = await all(2, (i) => {
          const [record, owner] = [records[i] as SessionRecord, users[1 - i] as string];
          return each(stores, i).commit(record.sid, { at: Date.now(), owner, userLimit }, record);
        });
        for (const { status } of answers) assert.match(status, /^(ok|gone)$/);
        for (const user of users) assert.ok((await liveOf(stores[1], user, 0)).length <= 1);
      });
    },
  },
  {
    name: "D8: sessions that expired do not count against the limit",
    async run({ stores: [a, b] }) {
      const userId = newUser();
      const now = Date.now();
      for (let i = 0; i < 3; i++) await stored(a, { userId, createdAt: now - HOUR, expiresAt: now - 1 });
      const live = await stored(a, {
        userId,
        createdAt: now - HOUR,
        absoluteExpiresAt: now + HOUR,
        expiresAt: now + HOUR,
      });
      assert.deepEqual(await b.create(sampleRecord({ userId }), { max: 2, onExceeded: "refuse" }), {
        status: "created",
        evicted: [],
      });
      assert.notEqual(await a.load(live.sid), null);
    },
  },
  {
    name: "anonymous sessions have no list and no limit",
    async run({ stores: [a] }) {
      const limit = { max: 1, onExceeded: "refuse" } as const;
      const records = [sampleRecord(), sampleRecord()];
      for (const record of records) assert.deepEqual(await a.create(record, limit), { status: "created", evicted: [] });
      for (const record of records) assert.notEqual(await a.load(record.sid), null);
    },
  },
  {
    name: "E10: sweeping removes what has expired and nothing else",
    async run({ stores: [a, b], expiresByItself = false }) {
      const now = Date.now();
      const dead = await all(5, () => stored(a, { userId: newUser(), expiresAt: now + HOUR }));
      const live = await all(5, () => stored(a, { userId: newUser(), expiresAt: now + 3 * HOUR }));
      const removed = new Set<string>();
      for (let round = 0; round < 1000; round++) {
        const sids = await b.deleteExpired({ now: now + 2 * HOUR, limit: 2 });
        assert.ok(sids.length <= 2);
        for (const sid of sids) removed.add(sid);
        if (sids.length === 0 && round > 5) break;
      }
      for (const { sid } of live) assert.ok(!removed.has(sid) && (await a.load(sid)) !== null);
      if (expiresByItself) return;
      for (const { sid, userId } of dead) {
        assert.ok(removed.has(sid));
        assert.equal(await a.load(sid), null);
        assert.deepEqual(await sidsOf(a, userId), []);
      }
    },
  },
  {
    name: "G2: a record that cannot be read is no session",
    async run({ stores: [a, b], corrupt }) {
      if (corrupt === undefined) return;
      const userId = newUser();
      const record = await stored(a, { userId });
      const intact = await stored(a, { userId });
      await corrupt(record.sid);
      await assert.rejects(async () => b.load(record.sid), { code: "ERR_SESSION_RECORD" });
      assert.deepEqual(await b.commit(record.sid, { at: Date.now(), set: { k: 1 } }), { status: "gone" });
      assert.deepEqual(await b.commit(record.sid, { at: Date.now(), set: { k: 1 } }, record), { status: "gone" });
      assert.deepEqual(await sidsOf(b, userId), [intact.sid]);
      assert.equal((await b.deleteByUser(userId)).includes(intact.sid), true);
    },
  },
  {
    name: "stats name the store",
    async run({ stores: [a] }) {
      const { kind, sessions } = await a.stats();
      assert.ok(kind.length > 0 && (sessions === null || sessions >= 0));
    },
  },
];

/** Runs after all others: closes the first store and expects the error that says so. */
export const closingCheck: StoreCheck = {
  name: "a closed store answers every call with ERR_SESSION_STORE",
  async run({ stores: [a] }) {
    const record = sampleRecord({ userId: newUser() });
    await a.close();
    const closed = { code: "ERR_SESSION_STORE" };
    await assert.rejects(a.create(record), closed);
    await assert.rejects(async () => a.load(record.sid), closed);
    await assert.rejects(a.commit(record.sid, { at: Date.now() }), closed);
    await assert.rejects(a.delete(record.sid), closed);
    await assert.rejects(a.list("x"), closed);
    await assert.rejects(a.scan(), closed);
    await assert.rejects(a.deleteByUser("x"), closed);
  },
};

function newUser(): string {
  return `user-${process.pid}-${Date.now()}-${users++}`;
}

function each(stores: readonly [SessionStore, SessionStore], index: number): SessionStore {
  return stores[index % 2] as SessionStore;
}

function all<T>(count: number, run: (index: number) => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => run(index)));
}

async function stored(store: SessionStore, fields: Partial<SessionRecord> = {}): Promise<SessionRecord> {
  const record = sampleRecord(fields);
  assert.deepEqual(await store.create(record), { status: "created", evicted: [] });
  return record;
}

async function sidsOf(store: SessionStore, userId: string | null): Promise<readonly string[]> {
  return (await store.list(userId ?? "")).records.map(({ sid }) => sid);
}

/** All records of a walk in pages of three, which must come to an end. */
async function walk(
  store: SessionStore,
  between: () => Promise<void> = async () => {},
): Promise<ReadonlyMap<string, SessionRecord>> {
  const walked = new Map<string, SessionRecord>();
  let after: string | undefined;
  for (let pages = 0; pages < 10_000; pages++) {
    const { records, next } = await store.scan({ limit: 3, ...(after !== undefined && { after }) });
    for (const record of records) walked.set(record.sid, record);
    if (next === null) return walked;
    after = next;
    if (pages < 50) await between();
  }
  return assert.fail("the walk does not end");
}

async function dataOf(store: SessionStore, sid: string): Promise<unknown> {
  return JSON.parse((await store.load(sid))?.data ?? "null");
}

async function liveSids(store: SessionStore, records: readonly SessionRecord[]): Promise<readonly string[]> {
  const loaded = await Promise.all(records.map(async ({ sid }) => store.load(sid)));
  return loaded.flatMap((record) => (record === null ? [] : [record.sid])).sort();
}

/** The sids of the user's sessions that are not over. */
async function liveOf(store: SessionStore, userId: string, now: number): Promise<readonly string[]> {
  const { records } = await store.list(userId);
  return records.flatMap(({ sid, expiresAt }) => (expiresAt > now ? [sid] : [])).sort();
}

function revokedSids(answers: readonly Created[], records: readonly SessionRecord[]): string[] {
  return answers.flatMap(({ status }, i) => (status === "revoked" ? [records[i]?.sid as string] : []));
}

function okRecord(answer: Committed): SessionRecord {
  assert.equal(answer.status, "ok");
  return (answer as { record: SessionRecord }).record;
}

async function increment(store: SessionStore, loaded: SessionRecord): Promise<void> {
  for (let record = loaded; ; ) {
    const n = (JSON.parse(record.data) as { n: number }).n + 1;
    const answer = await store.commit(record.sid, { at: Date.now(), set: { n }, ifVersion: record.version }, record);
    if (answer.status === "ok") return;
    assert.equal(answer.status, "conflict");
    record = (answer as { record: SessionRecord }).record;
  }
}

/** An offer of a new secret over the open one. */
function offerOf({ secretDigest, rotation }: SessionRecord, to: string): SecretChange {
  return {
    kind: "offer",
    from: secretDigest,
    over: rotation?.offer ?? null,
    to,
    family: rotation?.family ?? randomDigest(),
  };
}

/** Commits twenty changes of a session's secrets at once, by both ways to the store. */
function allOf(
  stores: StoresUnderTest["stores"],
  { sid }: SessionRecord,
  change: (index: number) => SecretChange,
): Promise<Committed[]> {
  return all(20, (i) => each(stores, i).commit(sid, { at: Date.now(), rotate: change(i) }));
}
