// Requests of one session that overlap, on the middleware as it is: each waits in its handler until the test lets it go
// on. The controls show what the rounds find with the stores that programs have today.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { after, describe, test } from "node:test";
import { expressSessionStore } from "sessile/express-session";
import type { SessionStore } from "sessile/store";
import { byDepth } from "sessile-test-support/depth";
import { redisClient, STORES } from "../requirements/every-store.ts";
import { Gate } from "../support/requests.ts";
import { type Browser, type Handler, type Program, serve, session } from "./program.ts";

/** Each with four sets of options: 4, 200 and 10,000 rounds of each race over each store. */
const ROUNDS = byDepth(1, 50, 2500);
/** The defects of other stores are found in each round; a few are enough. */
const CONTROLS = byDepth(1, 50, 50);

const gates = new Map<string, Gate>();
let requests = 0;

/** A request that waits in its handler, with the session loaded. */
class Slow {
  readonly answer: Promise<unknown>;
  readonly #gate = new Gate();

  constructor(browser: Browser, path: string) {
    const name = `gate-${requests++}`;
    gates.set(name, this.#gate);
    this.answer = browser.get(`${path}${path.includes("?") ? "&" : "?"}gate=${name}`).finally(() => gates.delete(name));
  }

  async reached(): Promise<this> {
    await this.#gate.reached;
    return this;
  }

  open(): Promise<unknown> {
    this.#gate.open();
    return this.answer;
  }
}

/** Starts a request, and resolves when it has loaded the session. */
function start(browser: Browser, path: string): Promise<Slow> {
  return new Slow(browser.copy(), path).reached();
}

const gated =
  (handler: Handler): Handler =>
  async (request, response, next) => {
    await gates.get(request.query.gate)?.pass();
    return handler(request, response, next);
  };

const ROUTES: Record<string, Handler> = {
  "/": (request, response) => response.json({ ...request.session, cookie: undefined }),
  "/read": gated((_, response) => response.json({})),
  "/set": gated((request, response) => {
    const { gate: _, ...data } = request.query;
    Object.assign(request.session, data);
    response.json({});
  }),
  "/login": gated((request, response, next) =>
    request.session.regenerate((error: unknown) => {
      if (error) return next(error);
      request.session.userId = request.query.user;
      response.json({});
    }),
  ),
  "/logout": gated((request, response, next) =>
    request.session.destroy((error: unknown) => (error ? next(error) : response.json({}))),
  ),
};

async function dataOf(browser: Browser): Promise<Record<string, unknown>> {
  return JSON.parse((await browser.get("/")).text);
}

interface Ground {
  readonly program: Program;
  /** Ends the sessions of a user from elsewhere; absent where the store cannot. */
  readonly revoke?: (userId: string) => Promise<unknown>;
  readonly listed?: (userId: string) => Promise<number>;
}

/** A browser with a session that has `first`. */
async function begin({ program }: Ground): Promise<Browser> {
  const browser = program.browser();
  await browser.get("/set?first=1");
  return browser;
}

let users = 0;
const newUser = (): string => `user-${users++}`;

/** Each gives back what a round has lost or brought back; empty when all is well. `isAtOnce`: without an order. */
const RACES: Record<string, (ground: Ground, isAtOnce: boolean) => Promise<string>> = {
  async "two writers of different keys are both kept"(ground, isAtOnce) {
    const browser = await begin(ground);
    const [one, two] = [await start(browser, "/set?a=1"), await start(browser, "/set?b=2")];
    if (!isAtOnce) await one.open();
    await Promise.all([one.open(), two.open()]);
    const { first, a, b } = await dataOf(browser);
    return [first, a, b].join() === "1,1,2" ? "" : `lost: ${[first, a, b]}`;
  },
  async "a slow writer brings nothing back after a destroy"(ground, isAtOnce) {
    const browser = await begin(ground);
    return ended(browser.copy(), await start(browser, "/set?late=1"), isAtOnce, () => browser.get("/logout"));
  },
  async "a slow reader brings nothing back after a destroy"(ground, isAtOnce) {
    const browser = await begin(ground);
    return ended(browser.copy(), await start(browser, "/read"), isAtOnce, () => browser.get("/logout"));
  },
  async "a slow writer brings nothing back after a sign-in by regenerate"(ground, isAtOnce) {
    const browser = await begin(ground);
    const slow = await start(browser, "/set?late=1");
    const former = browser.copy();
    const left = await ended(former, slow, isAtOnce, () => browser.get(`/login?user=${newUser()}`));
    const { userId, late } = await dataOf(browser);
    return left || (userId === undefined || late !== undefined ? "the new session has what is not its own" : "");
  },
  async "a slow writer brings nothing back after a revocation"(ground, isAtOnce) {
    const { revoke } = ground;
    if (revoke === undefined) return "";
    const user = newUser();
    const browser = ground.program.browser();
    await browser.get(`/login?user=${user}`);
    return ended(browser.copy(), await start(browser, "/set?late=1"), isAtOnce, () => revoke(user));
  },
  async "an owner that changes keeps what a slow writer of the visitor adds"(ground, isAtOnce) {
    const browser = await begin(ground);
    const user = newUser();
    const [slow, owner] = [await start(browser, "/set?late=1"), await start(browser, `/set?userId=${user}`)];
    if (!isAtOnce) await owner.open();
    await Promise.all([owner.open(), slow.open()]);
    const { first, userId, late } = await dataOf(browser);
    if ([first, userId, late].join() !== `1,${user},1`) return `lost: ${[first, userId, late]}`;
    return ((await ground.listed?.(user)) ?? 1) === 1 ? "" : "not in the user's list";
  },
  async "an owner that changes during a destroy is gone"(ground, isAtOnce) {
    const browser = await begin(ground);
    const user = newUser();
    const owner = await start(browser, `/set?userId=${user}`);
    const left = await ended(browser.copy(), owner, isAtOnce, () => browser.get("/logout"));
    return left || (((await ground.listed?.(user)) ?? 0) === 0 ? "" : "in the user's list");
  },
  async "a slow writer of one user never writes into the session of the next"(ground, isAtOnce) {
    if (isAtOnce) return "";
    const browser = await begin(ground);
    const [one, next] = [newUser(), newUser()];
    await browser.get(`/set?userId=${one}`);
    const slow = await start(browser, "/set?late=1");
    await browser.get(`/set?userId=${next}`);
    await slow.open();
    const { userId, late } = await dataOf(browser);
    if (userId !== next || late !== undefined) return `written: ${[userId, late]}`;
    const lists = [(await ground.listed?.(one)) ?? 0, (await ground.listed?.(next)) ?? 1];
    return lists.join() === "0,1" ? "" : `listed: ${lists}`;
  },
};

async function ended(thief: Browser, slow: Slow, isAtOnce: boolean, end: () => Promise<unknown>): Promise<string> {
  const ending = end();
  if (!isAtOnce) await ending;
  await Promise.all([ending, slow.open()]);
  const left = await dataOf(thief);
  return Object.keys(left).length === 0 ? "" : `alive: ${JSON.stringify(left)}`;
}

const OPTIONS = [
  { resave: false, saveUninitialized: false },
  { resave: true, saveUninitialized: false },
  { resave: false, saveUninitialized: true, rolling: true },
  { resave: true, saveUninitialized: true, rolling: true },
];

const programs: Program[] = [];
after(async () => {
  for (const program of programs) await program.close();
});

async function ground(store: object, options: object, more: Omit<Ground, "program"> = {}): Promise<Ground> {
  const program = await serve(store, ROUTES, { ...options, cookie: { maxAge: 600_000 } });
  programs.push(program);
  return { program, ...more };
}

for (const { name, open } of STORES) {
  describe(`over ${name}`, () => {
    const userOf = (data: Record<string, unknown>) => data["userId"];
    const place = open();
    const grounds = OPTIONS.map(async (options) => {
      const connected = await (await place).connect();
      const store = expressSessionStore({ store: connected, userOf, sweepInterval: 0 });
      return ground(store, options, {
        revoke: (userId) => store.manager.revokeUser(userId),
        listed: async (userId) => (await store.manager.list(userId)).sessions.length,
      });
    });
    for (const [race, run] of Object.entries(RACES)) {
      test(`${race}, with each resave, saveUninitialized and rolling`, async () => {
        for (let round = 0; round < ROUNDS; round++) {
          const failures = grounds.map(async (each) => run(await each, round % 2 === 1));
          assert.deepEqual(await Promise.all(failures), ["", "", "", ""]);
        }
      });
    }
  });
}

/** The commands that Redis got for some requests, for each. */
async function commandsOf(requests: number, send: () => Promise<unknown>): Promise<Record<string, number>> {
  const client = await redisClient();
  await client.configResetStat();
  for (let sent = 0; sent < requests; sent++) await send();
  const all = [...(await client.info("commandstats")).matchAll(/cmdstat_(\w+)\S*?:calls=(\d+)/g)];
  const counted = all.filter(([, name]) => !/^(config|info|client|hello)/.test(String(name)));
  return Object.fromEntries(counted.map(([, name, calls]) => [name, Number(calls) / requests]));
}

test("a read is one command at Redis, and an update two", async () => {
  const place = await STORES.find(({ name }) => name === "redis")?.open();
  const store = expressSessionStore({ store: (await place?.connect()) as SessionStore, sweepInterval: 0 });
  const browser = await begin(await ground(store, { resave: false, saveUninitialized: false }));
  assert.deepEqual(await commandsOf(20, () => browser.get("/")), { get: 1 });
  await browser.get("/set?n=first"); // Redis is sent the text of a script once
  let n = 0;
  const { evalsha, ...others } = await commandsOf(20, () => browser.get(`/set?n=${n++}`));
  assert.equal(evalsha, 1);
  // Commands inside a script count too.
  assert.deepEqual(others, { get: 2, set: 1, exists: 1 });
});

/** How many rounds lose nothing, race by race, in the order above. */
async function controlled(store: object): Promise<number[]> {
  const at = await ground(store, { resave: false, saveUninitialized: false });
  const names = Object.keys(RACES).filter((name) => /^(two|a slow writer brings)/.test(name) && !/revoc/.test(name));
  const counts: number[] = [];
  for (const name of names) {
    let good = 0;
    for (let round = 0; round < CONTROLS; round++) if ((await RACES[name]?.(at, false)) === "") good++;
    counts.push(good);
  }
  return counts;
}

test("control: express-session's own store loses the first of two writers, and brings sessions back", async () => {
  assert.deepEqual(await controlled(new session.MemoryStore()), [0, 0, 0]);
});

test("control: connect-redis loses the first of two writers, and brings sessions back", async () => {
  const { RedisStore } = createRequire(import.meta.url)("connect-redis");
  const client = await redisClient();
  assert.deepEqual(await controlled(new RedisStore({ client, prefix: "control:" })), [0, 0, 0]);
});
