// P1: what stores say when they are in trouble, in their own words. It is never an answer to who is asking.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { isSessionError, memoryStore } from "sessile";
import { type RedisClient, redisStore } from "sessile/redis";
import { type SqliteDatabase, sqliteStore } from "sessile/sqlite";
import type { SessionStore } from "sessile/store";
import { newPath, openTuned, unable } from "../stores/sqlite/raw.ts";
import { ResponseRecorder, requestWith } from "../support/requests.ts";
import { nodeOn, PRESENTED, signIn, TRANSPORTS } from "./node.ts";

/** As servers of Redis 7 word them. */
const REDIS_FAULTS = [
  "LOADING Redis is loading the dataset in memory",
  "READONLY You can't write against a read only replica.",
  "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
  "CLUSTERDOWN The cluster is down",
  "NOREPLICAS Not enough good replicas to write.",
  "OOM command not allowed when used memory > 'maxmemory'.",
  "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk.",
  "NOAUTH Authentication required.",
  "NOPERM User x has no permissions to run the 'get' command",
  "WRONGTYPE Operation against a key holding the wrong kind of value",
  "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.",
  "MOVED 1234 127.0.0.1:7001",
  "TRYAGAIN Multiple keys request during rehashing of slot",
  "ERR max number of clients reached",
  "Socket closed unexpectedly",
];

/** Result codes of SQLite, as node:sqlite gives them. */
const SQLITE_FAULTS = {
  BUSY: 5,
  LOCKED: 6,
  NOMEM: 7,
  READONLY: 8,
  IOERR: 10,
  CORRUPT: 11,
  FULL: 13,
  CANTOPEN: 14,
  NOTADB: 26,
};

/** Well-formed tokens of sessions that exist somewhere. */
const token = await signIn(nodeOn(memoryStore(), Date.now));

async function expectUnavailable(store: SessionStore, what: string): Promise<void> {
  const node = nodeOn(store, Date.now);
  const events: string[] = [];
  node.on("storeFailed", ({ operation }) => events.push(operation));
  const isUnavailable = (error: unknown): boolean =>
    isSessionError(error, "ERR_SESSION_STORE") && error.statusCode === 503;
  for (const transport of TRANSPORTS) {
    const presented = requestWith(PRESENTED[transport](token));
    await assert.rejects(async () => node.open(presented), isUnavailable, `${what}: load`);
  }
  await assert.rejects(signIn(node), isUnavailable, `${what}: create`);
  await assert.rejects(node.list("ann"), isUnavailable, `${what}: list`);
  await assert.rejects(node.revokeUser("ann"), isUnavailable, `${what}: revoke`);
  assert.ok(events.length >= 6, "each is told");
  const { session, commit } = await node.open(requestWith({}));
  const response = new ResponseRecorder();
  assert.equal(session.userId, null, "who presents nothing needs no store");
  await commit(200, response);
  assert.equal(response.get("set-cookie"), undefined, "no cookie is cleared");
}

describe("a Redis that says", () => {
  for (const fault of REDIS_FAULTS) {
    test(`P1: ${fault.split(" ", 1)[0]} is a 503 of every call, and no user is signed in or out`, async () => {
      const sendCommand = async (): Promise<never> => {
        throw new Error(fault);
      };
      await expectUnavailable(redisStore({ client: { isReady: true, sendCommand } as RedisClient }), fault);
    });
  }

  test("P1: nothing at all is a 503 of every call within the deadline", async () => {
    const client = { isReady: true, sendCommand: () => new Promise<never>(() => {}) } as RedisClient;
    await expectUnavailable(redisStore({ client, deadline: 20 }), "silence");
  });
});

describe("a SQLite that fails with", { skip: unable }, () => {
  for (const [name, code] of Object.entries(SQLITE_FAULTS)) {
    test(`P1: ${name} is a 503 of every call, and no user is signed in or out`, async () => {
      const database = openTuned(newPath());
      let isBroken = false;
      const failing = failingDatabase(database, () => isBroken, code);
      const store = sqliteStore({ database: failing, busyTimeout: 20 });
      isBroken = true;
      await expectUnavailable(store, name);
      database.close();
    });
  }
});

/** The database, with every statement failing while `isBroken`. */
function failingDatabase(database: SqliteDatabase, isBroken: () => boolean, code: number): SqliteDatabase {
  const check = (): void => {
    if (isBroken()) throw Object.assign(new Error("it failed"), { code: "ERR_SQLITE_ERROR", errcode: code });
  };
  const guarded = <A extends unknown[], R>(call: (...args: A) => R) => {
    return (...args: A): R => {
      check();
      return call(...args);
    };
  };
  return {
    exec: guarded((sql: string) => database.exec(sql)),
    prepare(sql) {
      const statement = database.prepare(sql);
      return {
        get: guarded((...args: unknown[]) => statement.get(...args)),
        all: guarded((...args: unknown[]) => statement.all(...args)),
        run: guarded((...args: unknown[]) => statement.run(...args)),
      };
    },
  };
}
