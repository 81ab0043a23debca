// The messages that one process receives about sessions that end in another, over any kind of client.

import assert from "node:assert/strict";
import { type RedisClient, redisStore } from "sessile/redis";
import type { SessionStore } from "sessile/store";
import { sampleRecord } from "sessile/testing";
import { waitUntil } from "sessile-test-support/wait-until";
import { patientStore } from "./connect.ts";

export interface Hearing {
  /** The messages of the listener, one by one. */
  readonly next: () => Promise<string | null>;
  readonly close: () => Promise<void>;
}

/** Listens, and waits until it does: what ended before that may have been missed, so `null` comes first. */
export async function listen(client: RedisClient, prefix: string): Promise<Hearing> {
  const store = redisStore({ client, prefix });
  const heard: (string | null)[] = [];
  let wake = () => {};
  store.watch?.((sid) => {
    heard.push(sid);
    wake();
  });
  const next = async () => {
    while (heard.length === 0) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    return heard.shift() as string | null;
  };
  assert.equal(await next(), null);
  return { next, close: () => store.close() };
}

/** Ends sessions in every way there is, over `elsewhere`, and expects each to be heard of. */
export async function hearsEveryEnd({ next }: Hearing, elsewhere: RedisClient, prefix: string): Promise<void> {
  const store = patientStore(elsewhere, prefix);
  // A failover of an earlier test may still cost its clients a connection.
  await waitUntil("the store answers", async () => (await store.load(sampleRecord().sid)) === null);
  await untilHeard(next, store);
  const [signedOut, revoked, evicted] = ["a", "b", "c"].map((userId) => sampleRecord({ userId }));
  for (const record of [signedOut, revoked, evicted]) await store.create(record!);
  await store.delete(signedOut!.sid);
  await store.deleteByUser("b");
  await store.create(sampleRecord({ userId: "c" }), { max: 1, onExceeded: "evictOldest" });
  const told = [await next(), await next(), await next()];
  assert.deepEqual(told.sort(), [signedOut?.sid, revoked?.sid, evicted?.sid].sort());
  await store.deleteByUser("c");
  assert.notEqual(await next(), null);
}

/** A listener that lost a connection may lose the next one as well, and receives `null` each time there is another. */
async function untilHeard(next: Hearing["next"], store: SessionStore): Promise<void> {
  const end = async () => {
    const record = sampleRecord({ userId: "z" });
    await store.create(record);
    await store.delete(record.sid);
    return record.sid;
  };
  let sid = await end();
  for (let heard = await next(); heard !== sid; heard = await next()) if (heard === null) sid = await end();
}
