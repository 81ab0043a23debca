// A failover that loses writes, and its effect on processes that remember them.

import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { isSessionError } from "sessile";
import type { SessionDelta, SessionRecord, SessionStore } from "sessile/store";
import { sampleRecord } from "sessile/testing";
import { waitUntil } from "sessile-test-support/wait-until";
import { Bench } from "../../support/requests.ts";
import { SINGLE } from "./clients.ts";
import { patientStore } from "./connect.ts";
import { startReplication } from "./replication.ts";

const isUnavailable = (error: unknown): boolean => isSessionError(error) && error.code === "ERR_SESSION_STORE";

/**
 * Version 2 of a session was `{"lost":1}` on the old primary, which `base` remembers, and is `{"kept":1}` on the new
 * one.
 */
async function afterFailover(t: TestContext): Promise<{ store: SessionStore; base: SessionRecord }> {
  const { link, promote, untilEqual, stores } = await startBoth(t, "f:");
  const [old, store] = stores;
  const { sid, createdAt: at } = await created(old);
  await untilEqual();
  link.freeze();
  await old.commit(sid, { at, set: { lost: 1 } });
  const base = (await old.load(sid)) as SessionRecord;
  await promote();
  await store.commit(sid, { at, set: { kept: 1 } });
  assert.equal((await store.load(sid))?.version, base.version, "the new primary counts the same versions");
  return { store, base };
}

/** A primary and its replica, and a store on each. */
async function startBoth(t: TestContext, prefix: string) {
  const replication = await startReplication();
  t.after(replication.close);
  const open = async ({ port }: { port: number }) => {
    const { client, close } = await SINGLE["@redis/client"]([{ host: "127.0.0.1", port }]);
    t.after(close);
    return patientStore(client, prefix);
  };
  const stores = [await open(replication.primary), await open(replication.replica)] as const;
  return { ...replication, stores };
}

async function created(store: SessionStore): Promise<SessionRecord> {
  const record = sampleRecord({ userId: "anna" });
  await store.create(record);
  return record;
}

test("R6: after a split, what ended on the side that won is refused by all, and the other side's changes are gone", async (t) => {
  const { primary, replica, link, promote, untilEqual, stores } = await startBoth(t, "r:");
  const [lost, won] = stores;
  const [ended, kept] = [await created(lost), await created(lost)];
  await untilEqual();
  link.freeze();
  await promote();
  const at = kept.createdAt;
  assert.equal(await won.delete(ended.sid), true);
  await won.commit(kept.sid, { at, set: { won: 1 } });
  await lost.commit(kept.sid, { at, set: { lost: 1 } });
  assert.equal((await lost.load(ended.sid))?.sid, ended.sid, "who reaches only the former primary cannot know");
  await primary.ask("REPLICAOF", "127.0.0.1", String(replica.port));
  await waitUntil("the former primary has heard", async () => (await lost.load(ended.sid)) === null);
  for (const store of [lost, won]) {
    assert.equal(await store.load(ended.sid), null);
    assert.deepEqual(JSON.parse((await store.load(kept.sid))?.data ?? ""), { won: 1 });
  }
  await assert.rejects(lost.commit(kept.sid, { at, set: { late: 1 } }), isUnavailable);
});

test("R6: a former primary that min-replicas-to-write tells that it is alone takes no writes", async (t) => {
  const { primary, link, untilEqual, close } = await startReplication();
  t.after(close);
  await primary.ask("CONFIG", "SET", "min-replicas-to-write", "1");
  await primary.ask("CONFIG", "SET", "min-replicas-max-lag", "1");
  const { client, close: closeClient } = await SINGLE["@redis/client"]([{ host: "127.0.0.1", port: primary.port }]);
  t.after(closeClient);
  const store = patientStore(client, "r:");
  await untilEqual();
  link.freeze();
  await waitUntil("a sign-in is refused", () => created(store).then(() => false, isUnavailable));
});

test("F: a change to a version that a failover lost does not overwrite the other of that number", async (t) => {
  const { store, base } = await afterFailover(t);
  const delta: SessionDelta = { at: base.createdAt, set: { later: 1 } };
  assert.equal((await store.commit(base.sid, delta, base)).status, "ok");
  assert.deepEqual(JSON.parse((await store.load(base.sid))?.data ?? ""), { kept: 1, later: 1 });
});

test("F: a change that depends on a version that a failover lost is refused, and nothing is written", async (t) => {
  const { store, base } = await afterFailover(t);
  const delta: SessionDelta = { at: base.createdAt, set: { later: 1 }, ifVersion: base.version };
  await assert.rejects(store.commit(base.sid, delta, base), { code: "ERR_SESSION_STORE", message: /failover/ });
  const now = (await store.load(base.sid)) as SessionRecord;
  assert.deepEqual(JSON.parse(now.data), { kept: 1 });
  assert.equal(
    (await store.commit(base.sid, { ...delta, ifVersion: now.version }, now)).status,
    "ok",
    "the next try works",
  );
});

for (const lost of ["the offer of a token", "its use"] as const) {
  test(`D6: a failover that lost ${lost} ends no session: a token that the store has lost is refused, the one before is good`, async (t) => {
    const { link, promote, untilEqual, stores } = await startBoth(t, "o:");
    const [before, after] = stores.map((store) => new Bench({ store, rotateAfter: 600_000 })) as [Bench, Bench];
    const first = await before.signIn();
    const token = (await before.send(first, (session) => session.rotate())).issued as string;
    before.takeEvents();
    await untilEqual();
    if (lost === "the offer of a token") link.freeze();
    before.clock.now += 660_000;
    const offered = (await before.send(token, ({ userId }) => userId)).issued as string;
    if (lost === "its use") {
      await untilEqual();
      link.freeze();
      before.clock.now += 60_000;
      assert.equal(await before.userOf(offered), "ann");
      assert.ok(before.takeEvents().includes("rotated"));
    }
    await promote();
    after.clock.now = before.clock.now;
    assert.equal(await after.userOf(offered), lost === "its use" ? "ann" : null);
    assert.deepEqual(after.takeEvents(), lost === "its use" ? ["rotated"] : ["secretLost"]);
    assert.equal(await after.userOf(token), "ann");
  });
}
