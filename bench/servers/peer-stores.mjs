// The stores that several peers share, each set to do the least for a read.
import { createHmac } from "node:crypto";
import { createRequire } from "node:module";
import { RedisStore } from "connect-redis";
import { HOUR } from "./common.mjs";
import { nodeRedis } from "./sessile.mjs";

const require = createRequire(import.meta.url);

export const SECRET = "a secret of the bench, as long as the peers want it";

/** Signs like `cookie-signature`. */
export function sign(text) {
  return `${text}.${createHmac("sha256", SECRET).update(text).digest("base64").replace(/=+$/, "")}`;
}

/** Without touches, because the reads for comparison touch nothing either. */
export async function redisSessions({ redisUrl }) {
  return new RedisStore({ client: await nodeRedis(redisUrl), prefix: `peer${process.pid}:`, disableTouch: true });
}

/** The memory store for express-session that removes expired sessions. */
export function memorystore() {
  const MemoryStore = require("memorystore")(require("express-session"));
  return new MemoryStore({ checkPeriod: HOUR });
}

export function sqliteSessions({ folder }, expressSession) {
  const Database = require("better-sqlite3");
  const client = new Database(`${folder}/peer-${process.pid}.db`);
  client.pragma("journal_mode = wal");
  client.pragma("synchronous = full");
  const SqliteStore = require("better-sqlite3-session-store")(expressSession);
  return new SqliteStore({ client });
}
