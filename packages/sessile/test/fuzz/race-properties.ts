// Requests of one session at once, in any order that a scheduler finds; what breaks is shrunk to the fewest steps.

import assert from "node:assert/strict";
import fc from "fast-check";
import type { Session } from "sessile";
import type { Property } from "sessile-test-support/properties";
import { digestSecret } from "#dist/core/token.js";
import { type Bag, Bench, sidOf } from "../support/requests.ts";

const add = fc.constantFrom("add", "rotate", "read") as fc.Arbitrary<Deed>;
const end = fc.constantFrom("add", "rotate", "signOut", "signIn", "revoke", "revokeUser") as fc.Arbitrary<Deed>;
type Deed = "add" | "rotate" | "read" | "signOut" | "signIn" | "revoke" | "revokeUser";

export const raceProperties: readonly Property[] = [
  {
    name: "F4, D6: whatever the order of parallel requests, no addition is lost and one token is the current one",
    cases: 40_000,
    make: () =>
      fc.asyncProperty(fc.scheduler(), fc.array(add, { minLength: 2, maxLength: 4 }), async (scheduler, deeds) => {
        const { bench, token, issued } = await race(scheduler, deeds);
        const record = await bench.recordOf(token);
        const added = deeds.filter((deed) => deed === "add").length;
        assert.deepEqual(JSON.parse(record?.data ?? ""), added === 0 ? {} : { n: added });
        assert.ok(issued.length <= 1, "a rotation has one successor");
        assert.equal(record?.secretDigest, digestSecret((issued[0] ?? token).slice(26, 70)));
      }),
  },
  {
    name: "F1, F3: whatever the order of parallel requests, what was ended stays ended and leaves nothing behind",
    cases: 40_000,
    make: () =>
      fc.asyncProperty(fc.scheduler(), fc.array(end, { minLength: 2, maxLength: 4 }), async (scheduler, deeds) => {
        const { bench, token, issued } = await race(scheduler, deeds);
        const ends = deeds.filter((deed) => !["add", "rotate"].includes(deed));
        if (ends.length > 0) assert.equal(await bench.recordOf(token), null);
        const { sessions } = await bench.manager.list("ann");
        const known = new Set([token, ...issued].map(sidOf));
        for (const { sid } of sessions) assert.ok(known.has(sid), "every session has a client that holds its token");
        assert.equal((await bench.manager.stats()).sessions, sessions.length);
      }),
  },
];

/** All deeds at once, each in a request of its own that began before any of them ended. */
async function race(
  scheduler: fc.Scheduler,
  deeds: readonly Deed[],
): Promise<{ bench: Bench; token: string; issued: string[] }> {
  const bench = new Bench();
  const token = await bench.signIn();
  const opened = await Promise.all(deeds.map(() => bench.open(token)));
  bench.spied.before = (method) => scheduler.schedule(Promise.resolve(), `to ${method}`);
  bench.spied.after = (method) => scheduler.schedule(Promise.resolve(), `from ${method}`);
  const tokens = deeds.map(async (deed, i) => {
    const { session, commit } = opened[i] as (typeof opened)[number];
    await doDeed(deed, bench, session, sidOf(token));
    let issued: string | undefined;
    const set = (name: string, value: string): void => {
      if (name === "x-session-token") issued = value;
    };
    await commit(200, { get: () => undefined, set, append: set });
    return issued;
  });
  const issued = (await scheduler.waitFor(Promise.all(tokens))).filter((each) => each !== undefined);
  bench.spied.before = bench.spied.after = () => {};
  return { bench, token, issued };
}

async function doDeed(deed: Deed, { manager }: Bench, session: Session<Bag>, sid: string): Promise<void> {
  if (deed === "add") session.update("n", (n) => Number(n ?? 0) + 1);
  if (deed === "rotate") session.rotate();
  if (deed === "read") session.get("n");
  if (deed === "signOut") await session.signOut();
  if (deed === "signIn") await session.signIn("ann");
  if (deed === "revoke") await manager.revoke(sid);
  if (deed === "revokeUser") await manager.revokeUser("ann");
}
