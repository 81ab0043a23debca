// Live sessions of three small fields in a memory store, without HTTP, for the question about their size.
import { createRequire } from "node:module";
import { Store as FastifyMemory } from "@fastify/session";
import expressSession from "express-session";
import { MemoryStore as HonoMemory } from "hono-sessions";
import { called, DATA, each, HOUR, userOf } from "./common.mjs";
import { sessile } from "./sessile.mjs";

const require = createRequire(import.meta.url);

/** `fill` adds the sessions, so that the memory before can be measured first. */
const filled = (fill, calls = {}) => ({ headers: [], calls: { fill, ...calls } });

export const variants = {
  sessile: ({ sessions }) => filled(() => keep(sessile({ store: "memory", sessions }))),
  "express-session": ({ sessions }) => filled(() => put(new expressSession.MemoryStore(), sessions)),
  memorystore: ({ sessions }) => {
    const MemoryStore = require("memorystore")(expressSession);
    return filled(() => put(new MemoryStore({ checkPeriod: HOUR }), sessions));
  },
  "@fastify/session": ({ sessions }) => filled(() => put(fastifyStore(), sessions)),
  "hono-sessions": ({ sessions }) => filled(() => putHono(new HonoMemory(), sessions)),
  expiry: expiry,
};

const kept = [];

async function keep(made) {
  const { store } = await made;
  kept.push(store);
}

async function put(store, sessions) {
  kept.push(store);
  await each(sessions, (number) =>
    called(store, "set", sidOf(number), { cookie: cookie(), ...DATA, userId: userOf(number) }),
  );
}

async function putHono(store, sessions) {
  kept.push(store);
  const fields = (number) => Object.entries({ ...DATA, userId: userOf(number) });
  await each(sessions, (number) =>
    store.createSession(`00000000-0000-4000-8000-${String(number).padStart(12, "0")}`, {
      _data: Object.fromEntries(fields(number).map(([key, value]) => [key, { value, flash: false }])),
      _expire: new Date(Date.now() + HOUR).toISOString(),
      _delete: false,
      _accessed: new Date().toISOString(),
    }),
  );
}

const sidOf = (number) => `${"0".repeat(24)}${String(number).padStart(8, "0")}`;

function cookie() {
  return { originalMaxAge: HOUR, expires: new Date(Date.now() + HOUR), httpOnly: true, path: "/" };
}

/** The store that @fastify/session creates by default. */
function fastifyStore() {
  return new FastifyMemory(new Map());
}

/** A million sessions that end at one moment, swept by the manager as usual. */
function expiry({ sessions }) {
  let now = Date.now();
  let manager;
  return filled(
    async () => {
      ({ manager } = await sessile({ store: "memory", sessions, clock: () => now }));
    },
    {
      async expire() {
        now += 25 * HOUR;
        const start = performance.now();
        const removed = await manager.sweep();
        return { removed, ms: performance.now() - start };
      },
    },
  );
}
