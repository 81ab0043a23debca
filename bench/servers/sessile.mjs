// Sessile on each of its stores, with live sessions in it.
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createClient } from "@redis/client";
import { Redis } from "ioredis";
import { cookieTransport, headerTransport, memoryStore, SessionManager } from "sessile";
import { cachedStore } from "sessile/cached";
import { redisStore } from "sessile/redis";
import { sqliteStore } from "sessile/sqlite";
import { DATA, each, HOUR, MINUTE, some, userOf } from "./common.mjs";

const SAME_SITE = { host: "127.0.0.1", "sec-fetch-site": "same-origin" };

/** No touch falls due during a measurement, so that a read is only a read; an update measures the write. */
const TOUCH_INTERVAL = HOUR / 2;

/** Makes the touch of each session due again: the clock moves a minute when every session has had a request. */
class TouchClock {
  #now = Date.now();
  #served = 0;
  #sessions;

  constructor(sessions) {
    this.#sessions = sessions;
  }

  read = () => this.#now;

  serve() {
    if (++this.#served % this.#sessions === 0) this.#now += MINUTE;
  }
}

/** A deadline that even a busy machine meets; a shorter one costs the same. */
const REDIS = { prefix: `b${process.pid}:`, deadline: 5000 };

export const stores = {
  memory: async () => memoryStore({ maxSessions: 2_000_000 }),
  sqlite: async ({ folder, file = `sessile-${process.pid}.db` }) => sqliteStore({ path: `${folder}/${file}` }),
  redis: async ({ redisUrl }) => redisStore({ client: await nodeRedis(redisUrl), ...REDIS }),
  ioredis: async ({ redisUrl }) => redisStore({ client: await ioRedis(redisUrl), ...REDIS }),
  cached: async (settings) => cachedStore(await stores.redis(settings), { maxEntries: 20_000 }),
};

export function nodeRedis(url) {
  return createClient({ url, disableOfflineQueue: true })
    .on("error", () => {})
    .connect();
}

export async function ioRedis(url, options = {}) {
  const client = new Redis(url, { autoResendUnfulfilledCommands: false, ...options });
  await once(client, "ready");
  return client;
}

/** A manager, and the request headers of its live sessions; with `unknown`, of as many sessions of another manager. */
export async function sessile(settings) {
  const {
    store: kind,
    transport = "cookie",
    sessions = 10_000,
    touchInterval = TOUCH_INTERVAL,
    clock,
    asked,
    unknown = false,
    isTouched = false,
  } = settings;
  const touches = isTouched ? new TouchClock(sessions) : null;
  const store = await stores[kind](settings);
  const transports = [transport === "cookie" ? cookieTransport() : headerTransport()];
  const times =
    touches === null ? { touchInterval, ...(clock && { clock }) } : { touchInterval: MINUTE, clock: touches.read };
  const manager = new SessionManager({ store, transports, ...times });
  const tokens = await known(settings, () => each(sessions, (number) => signIn(manager, userOf(number))));
  // On a file with sessions in it, the first write enables the store to notice others; no real server goes long without
  // one.
  if (settings.file !== undefined && sessions > 0) await signIn(manager, userOf(sessions));
  const presented = unknown ? (await sessile({ ...settings, unknown: false })).tokens : some(tokens, asked);
  const line = transport === "cookie" ? "Cookie: __Host-session=" : "X-Session-Token: ";
  return { manager, store, tokens, headers: presented.map((token) => line + token), serve: () => touches?.serve() };
}

/** The tokens of a named file are kept beside it, so that the next process finds its sessions. */
async function known({ store, folder, file, sessions }, signInAll) {
  if (store !== "sqlite" || file === undefined || sessions === 0) return signInAll();
  const path = `${folder}/${file}.tokens`;
  if (!existsSync(path)) writeFileSync(path, JSON.stringify(await signInAll()));
  return JSON.parse(readFileSync(path, "utf8"));
}

export async function signIn(manager, user) {
  const { session, commit } = await manager.open({ method: "POST", path: "/", header: (name) => SAME_SITE[name] });
  const token = await session.signIn(user, { data: DATA });
  await commit(200, { get: () => undefined, set() {}, append() {} });
  return token;
}
