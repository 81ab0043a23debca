// C: the contents of a store, of no use to an attacker who reads it or writes into it.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { createClient } from "@redis/client";
import fc from "fast-check";
import { redisStore } from "sessile/redis";
import { sampleRecord } from "sessile/testing";
import { temporaryFolder } from "sessile-test-support/folder";
import { startRedis } from "sessile-test-support/redis-server";
import { unable } from "../stores/sqlite/raw.ts";
import { sidOf } from "../support/requests.ts";
import { STORES } from "./every-store.ts";
import { nodeOn, signIn, TRANSPORTS, userOf, visit } from "./node.ts";

const HOSTILE = [
  "'; DROP TABLE sessile_sessions; --",
  "{tag}",
  "*?[a]",
  "a\r\nDEL x",
  "a\0b",
  "__proto__",
  "../../x",
  "%00",
  "🔑",
  "' OR 1=1--",
];

for (const { name, open } of STORES) {
  test(`C1: on ${name}, nothing that lies there is or holds a token, and a stored digest opens nothing`, async () => {
    const place = await open();
    const store = await place.connect();
    const node = nodeOn(store, Date.now);
    const first = await signIn(node, "ann", { note: "kept" });
    const second = (await visit(node, first, (session) => session.rotate())) as string;
    const dump = await place.dump();
    for (const token of [first, second]) {
      for (const form of formsOf(token)) assert.ok(!(dump ?? Buffer.alloc(0)).includes(form));
    }
    const record = await store.load(sidOf(second));
    assert.ok(dump === null || dump.includes(record?.secretDigest as string), "the dump is of the right place");
    const digests = [record?.secretDigest, ...(record?.rotation?.previous ?? [])] as string[];
    for (const digest of digests) {
      for (const guess of [digest, `ses_${sidOf(second)}${digest}`, `ses_${sidOf(second)}${digest}000000`])
        for (const transport of TRANSPORTS) assert.equal(await userOf(node, guess, transport), null);
    }
    assert.equal(await userOf(node, second), "ann");
  });

  test(`C3: on ${name}, no user id and no data is anything but a value`, async () => {
    const place = await open();
    const node = nodeOn(await place.connect(), Date.now);
    const tokens = new Map<string, string>();
    for (const text of HOSTILE) tokens.set(text, await signIn(node, text, { [`k${text}`]: text }));
    for (const [text, token] of tokens) {
      assert.equal(await userOf(node, token), text);
      assert.deepEqual(
        (await node.list(text)).sessions.map(({ sid }) => sid),
        [sidOf(token)],
      );
      assert.equal(await visitData(node, token, `k${text}`), text);
    }
    for (const text of HOSTILE) assert.equal(await node.revokeUser(text), 1);
  });

  test(`C4: on ${name}, no two user ids share anything, whatever characters they are made of`, async () => {
    const store = await (await open()).connect();
    const id = fc.string({
      unit: fc.constantFrom("a", "A", "é", "e\u0301", ":", "{", "}", "\0", "\\", "*", " ", "🔑", "ｅ"),
      minLength: 1,
      maxLength: 4,
    });
    const seen = new Map<string, string>();
    await fc.assert(
      fc.asyncProperty(id, async (userId) => {
        if (!seen.has(userId)) {
          const record = sampleRecord({ userId });
          await store.create(record);
          seen.set(userId, record.sid);
        }
        assert.deepEqual(
          (await store.list(userId)).records.map(({ sid }) => sid),
          [seen.get(userId)],
        );
      }),
      { numRuns: 150 },
    );
    for (const [userId, sid] of seen) assert.deepEqual(await store.deleteByUser(userId), [sid]);
  });

  test(`L2: on ${name}, a list shows no token, no digest and no data`, async () => {
    const store = await (await open()).connect();
    const node = nodeOn(store, Date.now);
    const token = await signIn(node, "ann", { note: "PRIVATE" });
    await visit(node, token, (session) => session.rotate());
    const { sessions } = await node.list("ann");
    const shown = JSON.stringify(sessions);
    const record = await store.load(sidOf(token));
    for (const secret of [record?.secretDigest, ...(record?.rotation?.previous ?? []), "PRIVATE", token.slice(26)])
      assert.ok(!shown.includes(secret as string));
    assert.deepEqual(Object.keys(sessions[0] ?? {}).sort(), [
      "absoluteExpiresAt",
      "authenticatedAt",
      "createdAt",
      "device",
      "expiresAt",
      "idleTimeout",
      "lastSeenAt",
      "persistent",
      "sid",
      "userId",
    ]);
    for (const transport of TRANSPORTS) assert.equal(await userOf(node, sessions[0]?.sid as string, transport), null);
  });

  test(`N4: on ${name}, a session holds nothing of the request, and revoking a user leaves nothing of the user`, async () => {
    const place = await open();
    const store = await place.connect();
    const node = nodeOn(store, Date.now);
    const marks = ["UNIQUE-user-4711", "UNIQUE-data-4711"] as const;
    const headers: Record<string, string> = {
      "user-agent": "UNIQUE-agent",
      "x-forwarded-for": "192.0.2.77",
      forwarded: "for=192.0.2.77",
    };
    const { session, commit } = await node.open({ method: "POST", path: "/", header: (name) => headers[name] });
    const token = await session.signIn(marks[0], { data: { note: marks[1] } });
    await commit(200, { get: () => undefined, set() {}, append() {} });
    const record = JSON.stringify(await store.load(sidOf(token)));
    const dump = (await place.dump()) ?? Buffer.from(record);
    assert.ok(dump.includes(marks[0]));
    for (const personal of ["UNIQUE-agent", "192.0.2.77"]) assert.ok(!dump.includes(personal));
    assert.equal(await node.revokeUser(marks[0]), 1);
    assert.deepEqual((await node.list(marks[0])).sessions, []);
    if (name === "redis") for (const mark of marks) assert.ok(!(await place.dump())?.includes(mark));
  });
}

test("C1: the append-only file of Redis and what MONITOR shows of sign-in, use and sign-out hold no token", async () => {
  const folder = temporaryFolder();
  const server = await startRedis(["--appendonly", "yes", "--appendfsync", "always", "--dir", folder]);
  const [client, monitor] = [createClient({ url: server.url }), createClient({ url: server.url })];
  await Promise.all([client.connect(), monitor.connect()]);
  const seen: string[] = [];
  await monitor.monitor((line) => seen.push(String(line)));
  const node = nodeOn(redisStore({ client, deadline: 10_000 }), Date.now);
  const token = await signIn(node);
  const successor = (await visit(node, token, (session) => session.rotate())) as string;
  await visit(node, successor, (session) => session.set("k", 1));
  await visit(node, successor, (session) => session.signOut());
  assert.equal(await userOf(node, successor), null);
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((each) => each.isFile());
  const written = Buffer.concat(files.map((each) => readFileSync(join(each.parentPath, each.name))));
  assert.ok(written.includes(sidOf(token)));
  assert.ok(seen.some((line) => line.includes(sidOf(token))));
  for (const form of [...formsOf(token), ...formsOf(successor)])
    assert.ok(!written.includes(form) && !seen.some((line) => line.includes(form)));
  client.destroy();
  monitor.destroy();
  await server.close();
});

for (const [kind, opened] of [
  ["memory", "memoryStore()"],
  ["SQLite", 'sqliteStore({ path: process.argv[1] + ".db" })'],
] as const) {
  const skip = kind === "SQLite" && unable;
  test(`C1: the memory of a process with a ${kind} store holds no token once the requests are over`, { skip }, () => {
    const program = `import { writeFileSync } from "node:fs";
    import { writeHeapSnapshot } from "node:v8";
    import { memoryStore, headerTransport, SessionManager } from "sessile";
    import { sqliteStore } from "sessile/sqlite";
    const store = ${opened};
    globalThis.kept = new SessionManager({ store, transports: [headerTransport()], sweepInterval: 0 });
    async function signIn() {
      const { session, commit } = await kept.open({ method: "POST", path: "/", header: () => undefined });
      const token = await session.signIn("ann", { data: { mark: "STORED-MARK" } });
      await commit(200, { get: () => undefined, set() {}, append() {} });
      writeFileSync(process.argv[1] + ".token", token);
      for (let i = 0; i < 3; i++) {
        const again = await kept.open({ method: "GET", path: "/", header: () => token });
        if (!again.session.isSignedIn()) process.exit(1);
      }
    }
    await signIn();
    for (let i = 0; i < 5; i++) { gc(); await new Promise(setImmediate); }
    writeHeapSnapshot(process.argv[1]);
    await kept.close();`;
    const file = join(temporaryFolder(), "snapshot");
    const cwd = fileURLToPath(new URL(".", import.meta.url));
    const flags = ["--expose-gc", "--no-warnings", "--input-type=module"];
    execFileSync(process.execPath, [...flags, "-e", program, file], { cwd });
    const token = readFileSync(`${file}.token`, "utf8");
    const snapshot = readFileSync(file);
    assert.match(token, /^ses_/);
    assert.ok(snapshot.includes("STORED-MARK") && snapshot.includes(sidOf(token)), "the snapshot shows the store");
    assert.ok(!snapshot.includes(token.slice(26, 70)));
  });
}

test("C3: every statement of the SQLite store is constant text with parameters", () => {
  const folder = fileURLToPath(new URL("../../src/stores/sqlite", import.meta.url));
  const constant = /^(?:[A-Z][A-Z_]*|Number\.MAX_SAFE_INTEGER|name|value|lockWait|.*\b(?:COLUMNS|CHANGING)\b.*)$/; // the rest are of pragmas, and from constants
  for (const file of readdirSync(folder)) {
    const code = readFileSync(join(folder, file), "utf8");
    const statements = [
      ...code.matchAll(/[`"](?:SELECT|INSERT|UPDATE|DELETE|PRAGMA|CREATE|DROP|\s*CREATE)\b[^`]*?[`"]/g),
    ];
    for (const [statement] of statements) {
      for (const [, filled = ""] of statement.matchAll(/\$\{([^}]*)\}/g))
        assert.match(filled, constant, `${file}: ${statement}`);
    }
  }
});

/** The token and its secret as they might have been written down. */
function formsOf(token: string): string[] {
  const secret = token.slice(26, 70);
  const encodings = ["utf8", "hex", "base64", "base64url"] as const;
  return [token, secret].flatMap((text) => [
    encodeURIComponent(text),
    ...encodings.map((encoding) => Buffer.from(text).toString(encoding).replace(/=+$/, "")),
  ]);
}

async function visitData(node: Parameters<typeof visit>[0], token: string, key: string): Promise<unknown> {
  let value: unknown;
  await visit(node, token, (session) => {
    value = session.get(key);
  });
  return value;
}
