// Stores with one step wrong, as they are easily written. The judge is trusted because it catches each of them.

import type { SessionDelta, SessionRecord, SessionStore, UserLimit } from "sessile/store";
import { applyDelta } from "sessile/store";
import { encodeRecord } from "#dist/stores/network/codec.js";
import { RedisKeys } from "#dist/stores/redis/keys.js";
import { RedisLink } from "#dist/stores/redis/link.js";
import type { RedisPort } from "#dist/stores/redis/port.js";
import { Records } from "#dist/stores/redis/records.js";
import { UserIndex } from "#dist/stores/redis/user-index.js";
import type { Fault } from "../interleavings/campaigns.ts";
import { type Scenario, USER } from "../interleavings/scenario.ts";
import { type MakeStore, soundStore } from "./simulate.ts";

export interface Faulty {
  readonly name: string;
  readonly makeStore: MakeStore;
  /** The scenario that shows the fault. */
  readonly scenario: Scenario;
  readonly fault?: Fault;
  readonly message: RegExp;
}

const ONE = { max: 1, onExceeded: "evictOldest" } as const;
const TWO = { max: 2, onExceeded: "refuse" } as const;

export const FAULTY_STORES: readonly Faulty[] = [
  {
    name: "a create that hands the token out before it is confirmed",
    scenario: { name: "sign-in and revoke all", kinds: ["create", "revokeAll"] },
    message: /lives and is not listed|was acknowledged as ended|died unreported/,
    makeStore: withMethods(({ records, index }) => ({
      async create(record) {
        await index.admit(record);
        await records.insert(record);
        void index.confirm(record, undefined, true);
        return { status: "created", evicted: [] };
      },
    })),
  },
  {
    name: "a create that leaves its record when it was not confirmed",
    scenario: { name: "sign-in and revoke all", kinds: ["create", "revokeAll"] },
    message: /was acknowledged as ended by create 0, and lives/,
    makeStore: withMethods(({ records, index }) => ({
      async create(record) {
        await index.admit(record);
        await records.insert(record);
        const { status } = await index.confirm(record, undefined, true);
        return status === "confirmed" ? { status: "created", evicted: [] } : { status: "revoked" };
      },
    })),
  },
  {
    name: "a create that removes the marks before the records",
    scenario: { name: "sign-in over the limit, crashed", kinds: ["create", "commit"], limit: ONE },
    fault: { stop: { process: 0, after: 4 } },
    message: /lives and is not listed/,
    makeStore: withMethods(({ records, index }) => ({
      async create(record, limit) {
        await index.admit(record);
        await records.insert(record);
        const { evicted, marked } = await index.confirm(record, limit, true);
        await index.forget(["r"], marked);
        await Promise.all(marked.map((sid) => records.remove(sid)));
        return { status: "created", evicted };
      },
    })),
  },
  {
    name: "a limit that takes the place of a sign-in which has not begun yet",
    scenario: { name: "two sign-ins at the limit", kinds: ["create", "create"], limit: ONE },
    message: /was turned away by a rule that evicts/,
    makeStore: withMethods(({ records, index, key }) => ({
      async create(record, limit) {
        await index.admit(record);
        const members = (await records.link.send(key, ["ZRANGE", key, "0", "-1"])) as string[];
        const others = members.filter((member) => member.startsWith("p") && member !== `p${record.sid}`);
        if (others.length > 0) await records.link.send(key, ["ZREM", key, ...others]);
        await records.insert(record);
        const { status, evicted, marked } = await index.confirm(record, limit, true);
        if (status === "confirmed") await index.finishMarked(marked);
        else await records.remove(record.sid);
        return status === "confirmed" ? { status: "created", evicted } : { status: "revoked" };
      },
    })),
  },
  {
    name: "a limit that is counted first and kept afterwards",
    scenario: { name: "two sign-ins at the limit", kinds: ["create", "create"], limit: TWO },
    message: /3 confirmed with a limit of 2/,
    makeStore: withMethods(({ records, index, key }) => ({
      async create(record, limit?: UserLimit) {
        const { confirmed } = await index.read(null);
        if (confirmed.length >= (limit?.max ?? 0)) return { status: "refused" };
        await records.insert(record);
        await records.link.send(key, ["ZADD", key, String(record.createdAt), `c${record.sid}`]);
        return { status: "created", evicted: [] };
      },
    })),
  },
  {
    name: "a revocation that lists and deletes without marking",
    scenario: { name: "sign-in and revoke all", kinds: ["create", "revokeAll"] },
    message: /create 0 was under way when revokeAll 1 began, and its session lives/,
    makeStore: withMethods(({ records, index }) => ({
      async deleteByUser() {
        const sids = (await index.read(null)).confirmed.map(({ sid }) => sid);
        await Promise.all(sids.map((sid) => records.remove(sid)));
        await index.forget(["c"], sids);
        return sids;
      },
    })),
  },
  {
    name: "a revocation that removes the marks before the records",
    scenario: { name: "revoke all, crashed", kinds: ["revokeAll", "commit"] },
    fault: { stop: { process: 0, after: 2 } },
    message: /lives and is not listed/,
    makeStore: withMethods(({ records, index }) => ({
      async deleteByUser(_userId, except) {
        const { begun, marked } = await index.markAll(except);
        await index.forget(["r"], marked);
        await Promise.all(marked.map((sid) => records.remove(sid)));
        return begun;
      },
    })),
  },
  {
    name: "a commit that writes the whole record",
    scenario: { name: "commit and sign-out", kinds: ["commit", "signOut"] },
    message: /was acknowledged as ended by signOut 1, and lives/,
    makeStore: withMethods(writeWhole([])),
  },
  {
    name: "a commit that writes the whole record where there is one",
    scenario: { name: "two commits", kinds: ["commit", "commit"] },
    message: /acknowledged, and not what is stored/,
    makeStore: withMethods(writeWhole(["XX"])),
  },
  {
    name: "a session that becomes the user's without a limit",
    scenario: { name: "a session joins", kinds: ["join", "visit"], limit: ONE },
    message: /2 confirmed with a limit of 1/,
    makeStore: withMethods(({ sound }) => ({
      commit: (sid, { userLimit: _, ...delta }, base) => sound.commit(sid, delta, base),
    })),
  },
  {
    name: "a touch of several that writes the whole records",
    scenario: { name: "touches and a sign-out", kinds: ["touchAll", "signOut"] },
    message: /brought a session back|was acknowledged as ended by signOut 1, and lives/,
    makeStore: withMethods(({ records: { link, keys } }) => ({
      async touch(touches) {
        for (const [sid, delta, base] of touches) {
          const next = base && applyDelta(base, delta);
          if (typeof next === "object")
            await link.send(keys.session(sid), ["SET", keys.session(sid), encodeRecord(next)]);
        }
      },
    })),
  },
  {
    name: "a rotation without a condition",
    scenario: { name: "two rotations", kinds: ["rotate", "rotate"] },
    message: /no order explains the secrets/,
    makeStore: withMethods(writeWhole(["XX"])),
  },
];

/** The parts of the store that its steps use, for the one user of a scenario. */
interface Steps {
  readonly records: Records;
  readonly index: UserIndex;
  readonly sound: SessionStore;
  /** Of the index. */
  readonly key: string;
}

type Methods = (steps: Steps) => Partial<SessionStore>;

/** The sound store with some methods replaced. */
function withMethods(methods: Methods): MakeStore {
  return (port: RedisPort, prefix: string) => {
    const sound = soundStore(port, prefix);
    const records = new Records(new RedisLink(port, Number.POSITIVE_INFINITY), new RedisKeys(prefix));
    const wrong = methods({ sound, records, index: new UserIndex(records, USER), key: records.keys.user(USER) });
    return new Proxy(sound, {
      get: (_target, name: keyof SessionStore) => wrong[name] ?? (sound[name] as () => unknown).bind(sound),
    });
  };
}

function writeWhole(condition: readonly string[]): Methods {
  return ({ records: { link, keys } }) => ({
    async commit(sid: string, delta: SessionDelta, base?: SessionRecord) {
      const next = applyDelta(base as SessionRecord, delta);
      if (typeof next === "string") return { status: "gone" };
      const key = keys.session(sid);
      const reply = await link.send(key, ["SET", key, encodeRecord(next), ...condition]);
      return reply === "OK" ? { status: "ok", record: next } : { status: "gone" };
    },
  });
}
