// N1: a store that fails, each with words of its own, which may quote what it was asked. The log at trace quotes no
// token.

import assert from "node:assert/strict";
import { test } from "node:test";
import { createClient } from "@redis/client";
import { call, signIn } from "./support/client.ts";
import { type ServerProcess, startServer } from "./support/server-process.ts";
import { freshStore } from "./support/stores.ts";

const { DatabaseSync } = process.getBuiltinModule("node:sqlite") as unknown as {
  DatabaseSync: new (path: string) => { exec(sql: string): void; close(): void };
};

/** Acts of an administrator, an accident or an attacker on Redis. */
const REDIS_FAULTS: readonly [name: string, said: RegExp, commands: () => readonly string[][]][] = [
  [
    "READONLY",
    /READONLY/,
    () => [
      ["REPLICAOF", "127.0.0.1", "1"],
      ["CONFIG", "SET", "replica-serve-stale-data", "yes"],
    ],
  ],
  ["OOM", /OOM/, () => [["CONFIG", "SET", "maxmemory", "1"]]],
  ["NOPERM for keys", /NOPERM|permission/i, () => [["ACL", "SETUSER", "default", "resetkeys", "~other:*"]]],
  [
    "NOPERM for commands",
    /NOPERM|permission/i,
    () => [["ACL", "SETUSER", "default", "-get", "-set", "-evalsha", "-eval", "-del"]],
  ],
  ["no answer", /did not answer/, () => [["CLIENT", "PAUSE", "60000", "ALL"]]],
];

for (const [name, said, commands] of REDIS_FAULTS) {
  test(`N1: Redis that fails with ${name} gives no token to the log`, async () => {
    const store = await freshStore("redis");
    const server = await startServer(["--store", store.option, "--log-level", "trace"]);
    const client = await createClient({ url: store.option }).connect();
    try {
      const token = await signIn(server.url);
      for (const command of commands()) await client.sendCommand(command);
      await failAll(server, token);
      assertSilent(server, token, said);
    } finally {
      client.destroy();
      await server.end("SIGKILL");
      await store.close();
    }
  });
}

/** The same for a SQLite file; the trigger quotes what is written, as a driver might. */
const SQLITE_FAULTS: readonly [name: string, said: RegExp, sql: string][] = [
  ["no table", /no such table/, "DROP TABLE sessile_sessions"],
  [
    "a refused write",
    /refused/,
    `CREATE TRIGGER refuse_insert BEFORE INSERT ON sessile_sessions BEGIN SELECT RAISE(ABORT, 'refused'); END;
     CREATE TRIGGER refuse_delete BEFORE DELETE ON sessile_sessions BEGIN SELECT RAISE(ABORT, 'refused'); END`,
  ],
  ["a damaged row", /does not match its checksum/, "UPDATE sessile_sessions SET data = '{'"],
  ["a lock that is held", /lock|busy/i, "BEGIN EXCLUSIVE"],
];

for (const [name, said, sql] of SQLITE_FAULTS) {
  test(`N1: SQLite that fails with ${name} gives no token to the log`, async () => {
    const store = await freshStore("sqlite");
    const server = await startServer(["--store", store.option, "--log-level", "trace"]);
    const database = new DatabaseSync(store.option.slice("sqlite:".length));
    try {
      const token = await signIn(server.url);
      database.exec(sql);
      await failAll(server, token);
      assertSilent(server, token, said);
    } finally {
      database.close();
      await server.end("SIGKILL");
    }
  });
}

/** Every call that has to do with a session, in every way to bring a token. */
async function failAll({ url }: ServerProcess, token: string): Promise<void> {
  const answers = [
    await call(url, "GET", "/profile", { "X-Session-Token": token }),
    await call(url, "GET", `/profile?token=${token}`, { Authorization: `Bearer ${token}` }),
    await call(url, "GET", "/me/sessions", { "X-Session-Token": token }),
    await call(url, "POST", "/me/sessions/end", { "X-Session-Token": token }, { sid: token }),
    await call(url, "POST", "/login", { "X-Session-Token": token }),
    await call(url, "POST", "/logout", { "X-Session-Token": token }),
  ];
  for (const { status } of answers) assert.ok([200, 401, 404, 503].includes(status), String(status));
  for (const { body } of answers) assert.ok(!JSON.stringify(body).includes(token.slice(26, 70)));
}

function assertSilent(server: ServerProcess, token: string, said: RegExp): void {
  const { stdout, stderr } = server.output();
  assert.match(stderr, said, "the fault must have happened, and the log must say so");
  const secret = token.slice(26, 70);
  for (const spelled of [
    secret,
    Buffer.from(secret).toString("base64").slice(0, 56),
    Buffer.from(secret).toString("hex"),
  ])
    assert.ok(!(stdout + stderr).includes(spelled));
}
