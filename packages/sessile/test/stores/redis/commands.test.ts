// Which commands Redis does for each kind of request, by its own account. Those inside scripts count too.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import type { RedisClientType } from "@redis/client";
import { headerTransport, SessionManager } from "sessile";
import { redisStore } from "sessile/redis";
import { startRedis } from "sessile-test-support/redis-server";
import { ResponseRecorder, requestWith } from "../../support/requests.ts";
import { SINGLE, STORE_COMMANDS } from "./clients.ts";

const MINUTE = 60_000;

const server = await startRedis();
const { client, close } = await SINGLE["@redis/client"]([{ host: "127.0.0.1", port: server.port }]);
const ping = () => (client as RedisClientType).ping();
/** On the minute, so that one has not passed before the test says so. */
let now = Date.now() - (Date.now() % MINUTE);
const manager = new SessionManager({
  store: redisStore({ client, deadline: 10_000 }),
  transports: [headerTransport()],
  sweepInterval: 0,
  clock: () => now,
  userLimit: { max: 3, onExceeded: "evictOldest" },
});
after(async () => {
  await manager.close();
  close();
  await server.close();
});

type Handler = Parameters<typeof handle>[1];

async function handle(
  token: string | undefined,
  act: (session: Opened["session"]) => unknown,
): Promise<string | undefined> {
  const { session, commit } = await manager.open(requestWith({ "x-session-token": token }));
  const response = new ResponseRecorder();
  await act(session);
  await commit(200, response);
  return response.get("x-session-token");
}

type Opened = Awaited<ReturnType<typeof manager.open>>;

/** The commands that Redis ran meanwhile, each with its number. */
async function commandsOf(work: () => Promise<unknown>): Promise<Record<string, number>> {
  await server.ask("CONFIG", "RESETSTAT");
  await work();
  await ping(); // what is not waited for has been sent before
  const stats = String(await server.ask("INFO", "commandstats")).matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm);
  const counts = Object.fromEntries(Array.from(stats, ([, name, calls]) => [name as string, Number(calls)]));
  delete counts["config|resetstat"];
  delete counts["ping"];
  return counts;
}

const signIn: Handler = (session) => session.signIn("ann", { data: { cart: [1, 2, 3] } });
const read: Handler = (session) => session.get("cart");
const write: Handler = (session) => session.set("cart", [4]);
const update: Handler = (session) => session.update("n", (n) => Number(n ?? 0) + 1);
const signOut: Handler = (session) => session.signOut();

test("a request costs Redis no more commands than it has to", async () => {
  await handle(undefined, signIn); // the scripts are known from now on
  const token = await handle(undefined, signIn);
  await handle(token, update);
  assert.deepEqual(await commandsOf(() => handle(undefined, read)), {}, "nobody is nobody");
  assert.deepEqual(await commandsOf(() => handle(token, read)), { get: 1 });
  now += 30 * MINUTE;
  assert.deepEqual(
    await commandsOf(() => handle(token, read)),
    { get: 2, evalsha: 1, set: 1, exists: 1, zscore: 1 },
    "with a touch",
  );
  assert.deepEqual(await commandsOf(() => handle(token, write)), { get: 2, evalsha: 1, set: 1, exists: 1 });
  assert.deepEqual(await commandsOf(() => handle(token, update)), { get: 2, evalsha: 1, set: 1, exists: 1 });
  assert.deepEqual(await commandsOf(() => handle(token, signOut)), { get: 1, getdel: 1, publish: 1, zrem: 1 });
});

test("L5: no request, list or revocation of a user makes Redis go through everything", async () => {
  const counts = await commandsOf(async () => {
    const tokens = [];
    for (let i = 0; i < 6; i++) tokens.push(await handle(undefined, signIn));
    await handle(tokens.at(-1), update);
    await handle(tokens.at(-1), (session) => session.rotate());
    await manager.list("ann");
    await manager.revokeUser("ann");
    await manager.revokeUser("nobody");
  });
  const allowed = new Set(STORE_COMMANDS);
  assert.deepEqual(
    Object.keys(counts).filter((name) => !allowed.has(name)),
    [],
  );
});
