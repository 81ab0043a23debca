// O1, O2: the key ring of the digests.

import assert from "node:assert/strict";
import { createHmac, randomBytes } from "node:crypto";
import { test } from "node:test";
import { headerTransport, memoryStore, SessionManager } from "sessile";
import { type DigestKey, keyRing } from "sessile/keys";
import type { SessionRecord, SessionStore } from "sessile/store";
import { mintSession, testClock } from "sessile/testing";
import { formatToken } from "#dist/core/token.js";
import { randomDigest } from "#dist/testing/records.js";

const [first, second]: DigestKey[] = [
  { id: "k1", key: randomBytes(32) },
  { id: "k2", key: randomBytes(64) },
] as const;

const clock = testClock();

function managerWith(store: SessionStore, keys: readonly (DigestKey | undefined)[]): SessionManager {
  const ring = keys.length === 0 ? {} : { keys: keyRing(keys as readonly DigestKey[]) };
  return new SessionManager({ store, transports: [headerTransport()], ...ring, sweepInterval: 0, clock: clock.now });
}

async function userOf(manager: SessionManager, token: string): Promise<string | null> {
  const header = (name: string): string | undefined => (name === "x-session-token" ? token : undefined);
  return (await manager.open({ method: "GET", path: "/", header })).session.userId;
}

async function rotate(manager: SessionManager, token: string): Promise<string> {
  const header = (name: string): string | undefined => (name === "x-session-token" ? token : undefined);
  const { session, commit } = await manager.open({ method: "GET", path: "/", header });
  session.rotate();
  let successor = "";
  await commit(200, {
    get: () => undefined,
    set: (name, value) => {
      if (name === "x-session-token") successor = value;
    },
    append: () => {},
  });
  return successor;
}

test("O2: the store holds an HMAC that names its key, and nothing that a bare hash could make", async () => {
  const store = memoryStore();
  const { token, sid } = await mintSession(managerWith(store, [first]), "42");
  const secret = token.slice(26, 70);
  const digest = createHmac("sha256", first?.key as Uint8Array)
    .update(`${secret}${sid}42`)
    .digest("base64url");
  assert.equal((await store.load(sid))?.secretDigest, `k1.${digest}`);
});

test("O2: a new key in front signs no user out, and new sessions are under it", async () => {
  const store = memoryStore();
  const old = await mintSession(managerWith(store, [first]), "42");
  const manager = managerWith(store, [second, first]);
  const fresh = await mintSession(manager, "43");
  assert.equal(await userOf(manager, old.token), "42");
  assert.equal(await userOf(manager, fresh.token), "43");
  assert.match((await store.load(fresh.sid))?.secretDigest ?? "", /^k2\./);
});

test("O2: removing a key ends exactly the sessions under it", async () => {
  const store = memoryStore();
  const old = await mintSession(managerWith(store, [first]), "42");
  const fresh = await mintSession(managerWith(store, [second, first]), "43");
  const manager = managerWith(store, [second]);
  assert.equal(await userOf(manager, old.token), null);
  assert.equal(await userOf(manager, fresh.token), "43");
});

test("O2: a session rotated across keys keeps its grace, and reuse of the secret under the old key is theft", async () => {
  const store = memoryStore();
  const { token } = await mintSession(managerWith(store, [first]), "42");
  const manager = managerWith(store, [second, first]);
  const successor = await rotate(manager, token);
  assert.equal(await userOf(manager, token), "42");
  assert.equal(await userOf(manager, successor), "42");
  clock.advance(60_000);
  assert.equal(await userOf(manager, token), null);
  assert.equal(await userOf(manager, successor), null, "the reuse must have revoked the session");
});

test("C1: a digest that a program without a key wrote into the store opens nothing", async () => {
  const store = memoryStore();
  const plain = managerWith(store, []);
  const { token } = await mintSession(plain, "42");
  assert.equal(await userOf(plain, token), "42");
  assert.equal(await userOf(managerWith(store, [first]), token), null);
});

test("C1: an empty digest that a program without a key wrote into the store opens nothing", async () => {
  const store = memoryStore();
  const manager = managerWith(store, [first]);
  const { token, sid } = await mintSession(manager, "42");
  const record = (await store.load(sid)) as SessionRecord;
  const digests = ["", ".", "k1", "k1.", ".k1", "k2.", "k1..", "__proto__.", "constructor.x"];
  for (const forged of [
    ...digests.map((secretDigest) => ({ ...record, secretDigest })),
    {
      ...record,
      secretDigest: randomDigest(),
      rotation: { family: "", offer: "k1.", offeredAt: 0, count: 1, taken: 0, previous: digests },
      rotatedAt: clock.now(),
    },
  ]) {
    await store.delete(sid);
    await store.create(Object.freeze(forged));
    assert.equal(await userOf(manager, token), null, JSON.stringify(forged.secretDigest));
    assert.notEqual(await store.load(sid), null, "and is no theft");
  }
});

test("C1: a digest copied into another user's record, or a record given to another user, opens nothing", async () => {
  const store = memoryStore();
  const manager = managerWith(store, [first]);
  const thief = await mintSession(manager, "thief");
  const mine = await store.load(thief.sid);
  assert.ok(mine);
  await store.delete(thief.sid);
  await store.create({ ...mine, userId: "admin" });
  assert.equal(await userOf(manager, thief.token), null);
  const victim = await mintSession(manager, "admin");
  const theirs = await store.load(victim.sid);
  assert.ok(theirs);
  await store.delete(victim.sid);
  await store.create({ ...theirs, secretDigest: mine.secretDigest });
  const grafted = formatToken("ses_", { sid: victim.sid, secret: thief.token.slice(26, 70) });
  assert.equal(await userOf(manager, grafted), null);
});

test("O1: keys that are short, simple, unnamed or ambiguous are refused without being shown", () => {
  const bad: unknown[] = [
    [{ id: "k1", key: randomBytes(31) }],
    [{ id: "k1", key: new Uint8Array(32) }],
    [{ id: "k1", key: Buffer.from("changemechangemechangemechangeme") }],
    [{ id: "", key: randomBytes(32) }],
    [{ id: "a.b", key: randomBytes(32) }],
    [{ id: "k1", key: "0123456789abcdef0123456789abcdef" }],
    [first, { id: "k1", key: randomBytes(32) }],
    [],
    "secret",
    null,
    {},
    [null],
    [undefined],
    ["k1"],
    [{ id: "k1" }],
    [[first]],
  ];
  for (const keys of bad) {
    assert.throws(
      () => keyRing(keys as DigestKey[]),
      (error: Error & { code: string }) => {
        assert.equal(error.code, "ERR_SESSION_OPTION");
        assert.match(error.message, /`keys`/);
        assert.doesNotMatch(error.message, /changeme|secret$|0123456789/);
        return true;
      },
    );
  }
});
