// R1: kill -9 at any moment undoes nothing that was acknowledged.

import assert from "node:assert/strict";
import { test } from "node:test";
import { profile, signIn, signOut } from "./support/client.ts";
import { startServer } from "./support/server-process.ts";
import { freshStore } from "./support/stores.ts";

const ROUNDS = 5;
const CLIENTS = 16;

test(`R1: after kill -9 under load, ${ROUNDS} times, every acknowledged sign-in works and no acknowledged sign-out is undone`, async (t) => {
  const store = await freshStore("sqlite");
  const alive = new Set<string>();
  const dead = new Set<string>();
  for (let round = 0; round < ROUNDS; round++) {
    const server = await startServer(["--store", store.option, "--log-level", "silent"]);
    const enough = 40 + round * 37;
    let acknowledged = 0;
    const { promise: reached, resolve } = Promise.withResolvers<void>();
    const count = (): void => {
      if (++acknowledged === enough) resolve();
    };
    const clients = Array.from({ length: CLIENTS }, () => work(server.url, alive, dead, count));
    await reached;
    await server.end("SIGKILL");
    await Promise.all(clients);
    const restarted = await startServer(["--store", store.option, "--log-level", "silent"]);
    for (const token of alive)
      assert.equal((await profile(restarted.url, token)).status, 200, "an acknowledged sign-in was lost");
    for (const token of dead)
      assert.equal((await profile(restarted.url, token)).status, 401, "an acknowledged sign-out was undone");
    assert.equal(await restarted.end(), 0);
  }
  assert.ok(alive.size > 0 && dead.size > 0);
  t.diagnostic(`${alive.size} sign-ins alive, ${dead.size} sign-outs held, ${ROUNDS} kills`);
});

/** Signs in and, every other time, out again, until the server is gone. Only what was answered is recorded. */
async function work(url: string, alive: Set<string>, dead: Set<string>, acknowledged: () => void): Promise<void> {
  try {
    for (let i = 0; ; i++) {
      const token = await signIn(url);
      acknowledged();
      if (i % 2 === 0) {
        alive.add(token);
        continue;
      }
      await signOut(url, token);
      dead.add(token);
      acknowledged();
    }
  } catch (error) {
    if (error instanceof assert.AssertionError) throw error;
  }
}
