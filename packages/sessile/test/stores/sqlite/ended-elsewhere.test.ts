// Two processes on one SQLite file: an open connection in one hears within a second that the other ended its session.

import assert from "node:assert/strict";
import { test } from "node:test";
import { headerTransport, type Session, SessionManager } from "sessile";
import { sqliteStore } from "sessile/sqlite";
import { temporaryFolder } from "sessile-test-support/folder";
import { forkStore } from "../../support/store-process.ts";

/** What docs/guide/machines.md promises. */
const BOUND = 1000;
/** The bound is that of a machine that has time for its timers; one that had none gets further chances. */
const CHANCES = 5;

const path = `${temporaryFolder()}/sessions.db`;
const transports = [headerTransport()];

const ENDINGS = {
  "a revocation": (there: SessionManager, sid: string) => there.revoke(sid),
  "a revocation of all the user's sessions": (there: SessionManager) => there.revokeUser("ann"),
  "a sign-out": async (there: SessionManager, _sid: string, token: string) => {
    await (await open(there, token)).signOut();
  },
};

for (const [name, end] of Object.entries(ENDINGS)) {
  test(`an open connection hears of ${name} in another process within ${BOUND} ms`, async () => {
    const remote = await forkStore({ path });
    const here = new SessionManager({ store: sqliteStore({ path }), transports });
    const there = new SessionManager({ store: remote.store, transports });
    const delays: number[] = [];
    while (delays.length < CHANCES && !delays.some((delay) => delay <= BOUND)) {
      const token = await (await open(here)).signIn("ann");
      const session = await open(here, token);
      const heard = new Promise<number>((resolve) => session.onEnded(() => resolve(performance.now())));
      await end(there, session.sid as string, token);
      const ended = performance.now();
      delays.push((await heard) - ended);
    }
    assert.ok(Math.min(...delays) <= BOUND, `heard after ${delays.map(Math.round).join(", ")} ms`);
    await here.close();
    await remote.end();
  });
}

async function open(manager: SessionManager, token?: string): Promise<Session> {
  const header = (name: string): string | undefined => (name === "x-session-token" ? token : undefined);
  return (await manager.open({ method: "POST", path: "/", header })).session;
}
