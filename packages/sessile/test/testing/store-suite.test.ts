// The suite can be trusted because the most obvious store fails it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { memoryStore } from "sessile";
import type {
  Committed,
  Created,
  Page,
  RecordPage,
  SessionDelta,
  SessionRecord,
  SessionStore,
  UserLimit,
} from "sessile/store";
import { applyDelta } from "sessile/store";
import { storeChecks } from "sessile/testing";

/** Reads the whole, changes it, writes the whole, creating it if need be: the usual session store. */
function usualStore(): SessionStore {
  const records = new Map<string, SessionRecord>();
  const memory = memoryStore();
  return Object.assign(Object.create(memory) as SessionStore, {
    async create(record: SessionRecord) {
      await turn();
      records.set(record.sid, record);
      return { status: "created", evicted: [] };
    },
    async load(sid: string) {
      return records.get(sid) ?? null;
    },
    peek: undefined,
    touch: undefined,
    async commit(sid: string, delta: SessionDelta, base?: SessionRecord): Promise<Committed> {
      const record = base ?? records.get(sid);
      if (record === undefined) return { status: "gone" };
      await turn();
      const next = applyDelta(record, delta);
      if (typeof next === "string") return next === "gone" ? { status: "gone" } : { status: "conflict", record };
      records.set(sid, next);
      return { status: "ok", record: next };
    },
    async delete(sid: string) {
      return records.delete(sid);
    },
    async list(userId: string) {
      return { records: [...records.values()].filter((record) => record.userId === userId), next: null };
    },
    async deleteByUser(userId: string) {
      const sids = [...records.values()].filter((record) => record.userId === userId).map(({ sid }) => sid);
      for (const sid of sids) records.delete(sid);
      return sids;
    },
  });
}

test("P11: the store that reads the whole, writes the whole and upserts fails the checks that matter", async () => {
  const failed: string[] = [];
  for (const { name, run } of storeChecks) {
    const store = usualStore();
    await run({ stores: [store, store], close: async () => {} }).catch(() => failed.push(name));
  }
  for (const needed of [
    "A6: create never overwrites",
    "A6: of parallel creates of one sid exactly one is created",
    "F3: a commit with a record loaded before the deletion brings nothing back",
    "F3: whatever races with a deletion, the record is gone afterwards",
    "F4: commit keeps keys that another request wrote meanwhile",
    "F4: parallel commits of different keys are all kept",
    "D7: of parallel offers of a new secret exactly one is made, and of parallel uses of it exactly one takes it",
    "D7: of parallel replacements of a secret exactly one succeeds",
    "an offer is refused over another than the open one, and after the current secret was replaced",
    "D8: parallel sign-ins never leave more sessions than the limit",
  ]) {
    assert.ok(failed.includes(needed), `the usual store must fail "${needed}"; it failed ${JSON.stringify(failed)}`);
  }
});

/** Keeps a copy of every record that was loaded, and drops it for what `heeds` names. */
function carelessCopies(heeds: readonly (keyof SessionStore)[]): SessionStore {
  const memory = memoryStore();
  const copies = new Map<string, SessionRecord>();
  return new Proxy(memory, {
    get(target, name: keyof SessionStore) {
      if (name === "peek") return (sid: string) => copies.get(sid) ?? null;
      const method = (target[name] as (...args: unknown[]) => Promise<unknown>).bind(target);
      return async (...args: unknown[]) => {
        const answer = await method(...args);
        if (heeds.includes(name)) copies.clear();
        if (name === "load" && answer !== null) copies.set(args[0] as string, answer as SessionRecord);
        return answer;
      };
    },
  });
}

test("F2: a store whose peek shows the state before any one of its own changes fails", async () => {
  const changes = ["commit", "touch", "delete", "deleteByUser", "create"] as const;
  const check = storeChecks.find(({ name }) => name.startsWith("F2: peek"));
  const run = (heeds: readonly (keyof SessionStore)[]) => {
    const store = carelessCopies(heeds);
    return check?.run({ stores: [store, store], close: async () => {} });
  };
  await run(changes);
  for (const forgotten of changes)
    await assert.rejects(async () => run(changes.filter((each) => each !== forgotten)), forgotten);
});

test("D9: a store whose deleteByUser ends the sessions of a list that it read before fails", async () => {
  const memory = memoryStore();
  const store = new Proxy(memory, {
    get(target, name: keyof SessionStore) {
      if (name !== "deleteByUser") return (target[name] as (() => unknown) | undefined)?.bind(target);
      return async (userId: string) => {
        const { records } = await target.list(userId);
        await turn();
        const ended = await Promise.all(records.map(async ({ sid }) => ((await target.delete(sid)) ? [sid] : [])));
        return ended.flat();
      };
    },
  });
  const check = storeChecks.find(({ name }) => name.includes("has taken the place"));
  await assert.rejects(async () => check?.run({ stores: [store, store], close: async () => {} }), /must be dead/);
});

test("D8: a store that turns sign-ins away while others of the user are under way fails", async () => {
  const memory = memoryStore();
  let under = 0;
  const store = new Proxy(memory, {
    get(target, name: keyof SessionStore) {
      if (name !== "create") return (target[name] as (() => unknown) | undefined)?.bind(target);
      return async (...args: Parameters<SessionStore["create"]>) => {
        under++;
        await turn();
        const isCrowded = under-- > 3;
        return isCrowded ? { status: "revoked" } : target.create(...args);
      };
    },
  });
  const check = storeChecks.find(({ name }) => name.startsWith("D8: of parallel sign-ins at the limit"));
  await assert.rejects(
    async () => check?.run({ stores: [store, store], close: async () => {} }),
    /turns no sign-in away/,
  );
});

/** A memory store whose `commit` is another. */
function withCommit(commit: (memory: SessionStore, ...args: Parameters<SessionStore["commit"]>) => Promise<Committed>) {
  const memory = memoryStore();
  return new Proxy(memory, {
    get(target, name: keyof SessionStore) {
      if (name === "commit") return (...args: Parameters<SessionStore["commit"]>) => commit(target, ...args);
      return (target[name] as (() => unknown) | undefined)?.bind(target);
    },
  });
}

const OWNERS = "a session that becomes a user's";
const EPOCHS = "a commit for a session that was another user's";
const ELEVATES = "D10: an elevation";
const MOVES = "F3: whatever races with a change of the user";
const LIMITED = "D8: a session that becomes a user's over the limit";
const CROWDS = "D8: of sign-ins and sessions that become a user's at once";
const EXCHANGES = "D8: two sessions that change users with each other";

/** Each commits a change as one is tempted to. */
const BAD_COMMITS: [why: string, needed: readonly string[], store: () => SessionStore][] = [
  [
    "does not know the change",
    [OWNERS, EPOCHS],
    () => withCommit((memory, sid, { owner: _, ...delta }) => memory.commit(sid, delta)),
  ],
  [
    "does not know the condition",
    [EPOCHS],
    () => withCommit((memory, sid, { ifCreatedAt: _, ...delta }) => memory.commit(sid, delta)),
  ],
  [
    "does not know elevations",
    [ELEVATES],
    () => withCommit((memory, sid, { elevate: _, ...delta }) => memory.commit(sid, delta)),
  ],
  [
    "elevates a session whoever's it is",
    [ELEVATES],
    () =>
      withCommit(async (memory, sid, delta) => {
        const userId = (await memory.load(sid))?.userId ?? null;
        return memory.commit(
          sid,
          delta.elevate === undefined || userId === null ? delta : { ...delta, elevate: userId },
        );
      }),
  ],
  [
    "elevates a session and forgets the new secret",
    [ELEVATES],
    () =>
      withCommit((memory, sid, { rotate, ...delta }) =>
        memory.commit(sid, delta.elevate === undefined && rotate ? { ...delta, rotate } : delta),
      ),
  ],
  [
    "does not know that idle timeouts change",
    ["a session's own idle timeout"],
    () => withCommit((memory, sid, { idleTimeout: _, ...delta }) => memory.commit(sid, delta)),
  ],
  [
    "keeps the limit only when a session begins",
    [LIMITED, CROWDS],
    () => withCommit((memory, sid, { userLimit: _, ...delta }) => memory.commit(sid, delta)),
  ],
  [
    "makes room for a session before it is sure that it will be the user's",
    [LIMITED],
    () =>
      withCommit(async (memory, sid, { userLimit, ...delta }) => {
        const { records } = delta.owner == null ? { records: [] } : await memory.list(delta.owner);
        const live = records.filter(({ expiresAt }) => expiresAt > delta.at);
        const isFull = userLimit !== undefined && live.length >= userLimit.max;
        if (isFull && userLimit.onExceeded === "refuse") return { status: "refused" };
        const evicted = isFull ? live.slice(0, live.length + 1 - userLimit.max).map((each) => each.sid) : [];
        for (const other of evicted) await memory.delete(other);
        const answer = await memory.commit(sid, delta);
        return answer.status === "ok" ? { ...answer, evicted } : answer;
      }),
  ],
  [
    "counts the user's sessions first and writes afterwards",
    [CROWDS],
    () =>
      withCommit(async (memory, sid, { userLimit, ...delta }) => {
        if (userLimit === undefined || delta.owner == null) return memory.commit(sid, delta);
        const { records } = await memory.list(delta.owner);
        await turn();
        if (records.length < userLimit.max) return memory.commit(sid, delta);
        return memory.commit(sid, { ...delta, userLimit });
      }),
  ],
  [
    "locks the session and then those that have to go, so that two changes stop each other",
    [EXCHANGES],
    () => {
      let underWay = 0;
      return withCommit(async (memory, sid, delta) => {
        if (delta.owner === undefined) return memory.commit(sid, delta);
        underWay++;
        try {
          await turn();
          if (underWay > 1) throw new Error("deadlock detected");
          return await memory.commit(sid, delta);
        } finally {
          underWay--;
        }
      });
    },
  ],
  [
    "deletes the session and creates it anew",
    [MOVES],
    () =>
      withCommit(async (memory, sid, delta) => {
        const record = await memory.load(sid);
        if (delta.owner === undefined || record === null) return memory.commit(sid, delta);
        const next = applyDelta(record, delta);
        if (typeof next === "string") return { status: "gone" };
        await memory.delete(sid);
        await turn();
        await memory.create(next);
        return { status: "ok", record: next };
      }),
  ],
];

for (const [why, needed, open] of BAD_COMMITS) {
  test(`a store that ${why} fails`, async () => {
    for (const name of needed) {
      const store = open();
      const check = storeChecks.find((each) => each.name.startsWith(name));
      await assert.rejects(async () => check?.run({ stores: [store, store], close: async () => {} }), name);
    }
  });
}

type Touches = Parameters<Required<SessionStore>["touch"]>[0];

/** A memory store whose `touch` does this for each. `put` writes a record, whatever is there. */
function withTouch(
  touchOne: (memory: SessionStore, put: Put, ...args: Touches[number]) => Promise<unknown>,
): SessionStore {
  const memory = memoryStore();
  const put: Put = async (record) => {
    await memory.delete(record.sid);
    await memory.create(record);
  };
  return new Proxy(memory, {
    get(target, name: keyof SessionStore) {
      if (name === "touch") return (all: Touches) => Promise.all(all.map((each) => touchOne(target, put, ...each)));
      return (target[name] as (() => unknown) | undefined)?.bind(target);
    },
  });
}

type Put = (record: SessionRecord) => Promise<void>;

/** Each writes touches as one is tempted to. */
const BAD_TOUCHES: [why: string, store: () => SessionStore][] = [
  [
    "creates sessions with its touches",
    () =>
      withTouch(async (memory, put, sid, delta, base) => {
        if (base && (await memory.load(sid)) === null) await put(base);
        await memory.commit(sid, delta);
      }),
  ],
  [
    "writes a touch over the record as the request loaded it",
    () =>
      withTouch(async (memory, put, sid, delta, base) => {
        const next = base && applyDelta(base, delta);
        if (typeof next === "object" && (await memory.load(sid)) !== null) await put(next);
      }),
  ],
  [
    "brings a session back whose touch was under way when it was deleted",
    () =>
      withTouch(async (memory, put, sid, delta) => {
        const record = await memory.load(sid);
        await turn();
        const next = record && applyDelta(record, delta);
        if (typeof next === "object" && next !== null) await put(next);
      }),
  ],
  [
    "goes back in time with a late touch",
    () =>
      withTouch(async (memory, put, sid, delta) => {
        const record = await memory.load(sid);
        const { seenAt = delta.at, idleTimeout = 0 } = delta.touch ?? {};
        const expiresAt = Math.min(seenAt + idleTimeout, record?.absoluteExpiresAt ?? 0);
        if (record !== null && delta.at < record.expiresAt) await put({ ...record, lastSeenAt: seenAt, expiresAt });
      }),
  ],
  [
    "counts a touch as a change of the data",
    () => withTouch((memory, _put, sid, delta) => memory.commit(sid, { ...delta, set: {} })),
  ],
  [
    "does not look at the idle timeout of a touch",
    () =>
      withTouch((memory, _put, sid, delta) =>
        memory.commit(sid, { ...delta, touch: { ...delta.touch, idleTimeout: 3_600_000 } }),
      ),
  ],
  [
    "does not look at the time of use of a touch",
    () =>
      withTouch((memory, _put, sid, { at, touch }) =>
        memory.commit(sid, { at, touch: { idleTimeout: touch?.idleTimeout ?? 0 } }),
      ),
  ],
  [
    "moves the deadline past the absolute one with a touch",
    () =>
      withTouch(async (memory, put, sid, delta) => {
        const answer = await memory.commit(sid, delta);
        const { seenAt = delta.at, idleTimeout = 0 } = delta.touch ?? {};
        if (answer.status === "ok") await put({ ...answer.record, expiresAt: seenAt + idleTimeout });
      }),
  ],
  [
    "touches a session that is over",
    () =>
      withTouch((memory, _put, sid, delta) => memory.commit(sid, { ...delta, at: delta.touch?.seenAt ?? delta.at })),
  ],
  [
    "leaves a session's touch out when the session has changed",
    () =>
      withTouch(async (memory, _put, sid, delta, base) => {
        if ((await memory.load(sid))?.writes === base?.writes) await memory.commit(sid, delta);
      }),
  ],
  [
    "fails for all when one touch finds nothing",
    () =>
      withTouch(async (memory, _put, sid, delta) => {
        if ((await memory.commit(sid, delta)).status === "gone") throw new Error("gone");
      }),
  ],
];

/** A store of another author, from before there was `touch`. */
function untouched(): SessionStore {
  return new Proxy(memoryStore(), {
    get: (target, name: keyof SessionStore) =>
      name === "touch" ? undefined : (target[name] as (() => unknown) | undefined)?.bind(target),
  });
}

const TOUCHES = storeChecks.filter(({ name }) => /touch leaves each session|races with touches/.test(name));

test("a store that touches as commit does passes, and so does one without touch", async () => {
  assert.equal(TOUCHES.length, 2);
  for (const store of [memoryStore(), withTouch((memory, _put, ...args) => memory.commit(...args)), untouched()]) {
    for (const { run } of TOUCHES) await run({ stores: [store, store], close: async () => {} });
  }
});

for (const [why, open] of BAD_TOUCHES) {
  test(`a store that ${why} fails`, async () => {
    const failures: unknown[] = [];
    for (const { run } of TOUCHES) {
      const store = open();
      await run({ stores: [store, store], close: async () => {} }).catch((error: unknown) => failures.push(error));
    }
    assert.ok(failures.length > 0, "no check found it");
  });
}

/** A memory store whose lists and limit go by `order`. */
function ordered(order: (a: SessionRecord, b: SessionRecord) => number): SessionStore {
  const memory = memoryStore();
  const sorted = async (userId: string) => [...(await memory.list(userId)).records].sort(order);
  return Object.assign(Object.create(memory) as SessionStore, {
    async create(record: SessionRecord, limit?: UserLimit): Promise<Created> {
      const others = await sorted(record.userId as string);
      const evicted = others.slice(0, Math.max(0, others.length + 1 - (limit?.max ?? Number.POSITIVE_INFINITY)));
      for (const { sid } of evicted) await memory.delete(sid);
      await memory.create(record);
      return { status: "created", evicted: evicted.map(({ sid }) => sid) };
    },
    async list(userId: string, { limit = 100, after = "0" }: Page = {}): Promise<RecordPage> {
      const [records, end] = [await sorted(userId), Number(after) + limit];
      return { records: records.slice(Number(after), end), next: end < records.length ? String(end) : null };
    },
    load: (sid: string) => memory.load(sid),
    commit: (sid: string, delta: SessionDelta) => memory.commit(sid, delta),
  });
}

test("D8: a store that takes the session which ends first for the oldest fails", async () => {
  for (const name of ["list shows a user's sessions, oldest first", "D8: over the limit the oldest sessions end"]) {
    const check = storeChecks.find((each) => each.name.startsWith(name));
    const run = async (store: SessionStore) => check?.run({ stores: [store, store], close: async () => {} });
    await run(ordered((a, b) => a.createdAt - b.createdAt));
    await assert.rejects(run(ordered((a, b) => a.absoluteExpiresAt - b.absoluteExpiresAt)), assert.AssertionError);
  }
});
