// A: where tokens come from, what they look like, and what a collision does.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, mock, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { crc32 } from "node:zlib";
import { bearerTransport, cookieTransport, headerTransport, memoryStore, type Session, SessionManager } from "sessile";
import { withSession } from "sessile/node";
import { mintSession, testClock } from "sessile/testing";
import { byDepth } from "sessile-test-support/depth";
import { newSecret, newSid } from "#dist/core/token.js";
import { Bench, sidOf } from "../support/requests.ts";
import { readPage } from "../support/security-table.ts";
import { STORES } from "./every-store.ts";

const BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const MANY = byDepth(40_000, 1_000_000, 10_000_000);

test(`A1: of ${MANY} tokens no two are alike, and every position holds every character as often`, () => {
  const sids = new Set<string>();
  const counts = Array.from({ length: 63 }, () => new Uint32Array(128));
  for (let made = 0; made < MANY; made++) {
    const sid = newSid();
    sids.add(sid);
    const text = sid + withoutNumber(newSecret());
    for (let at = 0; at < 63; at++) (counts[at] as Uint32Array)[text.charCodeAt(at)]!++;
  }
  assert.equal(sids.size, MANY);
  const expected = MANY / 62;
  for (const [at, count] of counts.entries()) {
    const chiSquare =
      [...BASE62].reduce((sum, c) => sum + ((count[c.charCodeAt(0)] as number) - expected) ** 2, 0) / expected;
    assert.ok(chiSquare < 160, `chi-square ${chiSquare} at ${at}`); // 61 degrees of freedom: once in 10^10 positions
  }
});

test("A1: eight processes that begin in the same moment share nothing", async () => {
  const program = `import { memoryStore, headerTransport, SessionManager } from "sessile";
    import { mintSession } from "sessile/testing";
    const manager = new SessionManager({ store: memoryStore(), transports: [headerTransport()], sweepInterval: 0 });
    for (let i = 0; i < 50; i++) {
      const { token } = await mintSession(manager, "same");
      console.log(token.slice(4, 12), token.slice(26, 34)); // of the sid and of the secret; no whole token is ever printed
    }`;
  const cwd = fileURLToPath(new URL(".", import.meta.url));
  const run = () => promisify(execFile)(process.execPath, ["--input-type=module", "-e", program], { cwd });
  const outputs = await Promise.all(Array.from({ length: 8 }, run));
  const tokens = outputs.flatMap(({ stdout }) => stdout.trim().split("\n"));
  assert.equal(tokens.length, 400);
  for (const part of [0, 1]) assert.equal(new Set(tokens.map((text) => text.split(" ")[part])).size, 400);
});

test("A2: when the system's generator fails, a sign-in is a 500 that says nothing, and leaves nothing", async () => {
  for (const transport of [headerTransport(), bearerTransport(), cookieTransport()]) {
    const store = memoryStore();
    const manager = new SessionManager({ store, transports: [transport], sweepInterval: 0 });
    const heard: unknown[] = [];
    const signsIn = async (_request: unknown, response: { end(text: string): unknown }, session: Session) => {
      await session.signIn("ann");
      response.end("in");
    };
    const listener = withSession(manager, signsIn, { onError: (error) => heard.push(error) });
    const server = createServer(listener).listen(0, "127.0.0.1");
    await once(server, "listening");
    const stub = mock.method(crypto, "getRandomValues", () => {
      throw new Error("no entropy");
    });
    try {
      assert.throws(() => Array.from({ length: 100 }, newSecret)); // uses up the pool
      const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`, { method: "POST" });
      assert.equal(answer.status, 500);
      assert.deepEqual([answer.headers.get("set-cookie"), answer.headers.get("x-session-token")], [null, null]);
      assert.doesNotMatch(await answer.text(), /entropy|at /);
      assert.equal((await manager.stats()).sessions, 0);
      assert.match(String(heard[0]), /no entropy/, "the program hears of it");
    } finally {
      stub.mock.restore();
      server.close();
    }
  }
});

test("A3: no position of a thousand tokens of one user goes with time or order", async () => {
  const bench = new Bench();
  const tokens: string[] = [];
  for (let i = 0; i < 1000; i++) {
    bench.clock.now += 1000;
    const token = await bench.signIn("same");
    tokens.push(token.slice(4, 26) + withoutNumber(token.slice(26, 70)));
  }
  for (let at = 0; at < 63; at++) {
    const codes = tokens.map((token) => BASE62.indexOf(token[at] as string));
    const r = correlation(codes);
    assert.ok(Math.abs(r) < 0.23, `${r} at ${at}`); // seven standard deviations
  }
});

describe("the form that docs/security.md publishes for secret scanners", () => {
  const [, source = ""] = /^```regex\n(.+)\n```$/m.exec(readPage()) ?? [];
  const published = new RegExp(`^(?:${source})$`);

  test("A4: is that of every token, with one length and a checksum that can be verified", async () => {
    const bench = new Bench();
    for (let i = 0; i < 500; i++) {
      const token = await bench.signIn();
      assert.match(token, published);
      assert.equal(token.length, 76);
      assert.ok(isChecked(token));
    }
  });

  test(`A4: with the checksum is that of none of ${MANY} random texts`, () => {
    for (let i = 0; i < MANY; i++) {
      const text = `ses_${newSid()}${newSecret()}${newSid().slice(0, 6)}`;
      assert.ok(!isChecked(text));
    }
    assert.match(`ses_${newSid()}${newSecret()}${newSid().slice(0, 6)}`, published);
  });
});

for (const { name, open } of STORES) {
  test(`A6: on ${name}, a generator that repeats a live sid gets the second user another session, and the first keeps theirs`, async () => {
    const bench = new Bench({ store: await (await open()).connect() });
    await bench.spied.inner.stats();
    let pools = 0;
    const stub = mock.method(crypto, "getRandomValues", (pool: Uint8Array) => {
      // A sid and a secret take 63 bytes. The first 107 repeat after 63, so the second sid is the first one again.
      for (let index = 0; index < pool.length; index++) pool[index] = index < 107 ? index % 63 : (index * 7) % 248;
      pools++;
      return pool;
    });
    try {
      while (pools === 0) newSid(); // leaves at most 22 bytes of the pool used
      const first = await bench.signIn("ann", { mine: 1 });
      bench.spied.take();
      const second = await bench.signIn("bob", { yours: 2 });
      assert.deepEqual(bench.spied.take(), { create: 2 }, "the first attempt met the live sid");
      assert.notEqual(sidOf(second), sidOf(first));
      assert.deepEqual([await bench.userOf(first), await bench.dataOf(first)], ["ann", { mine: 1 }]);
      assert.deepEqual([await bench.userOf(second), await bench.dataOf(second)], ["bob", { yours: 2 }]);
    } finally {
      stub.mock.restore();
    }
  });
}

/** Comparisons that are allowed, and why none of them can tell an attacker anything. */
const COMPARISONS: Readonly<Record<string, string>> = {
  "found.token === token": "both come from the same request",
  "change.from !== secretDigest": "both were read from the store",
  "digest !== record.secretDigest": "the digest was compared in constant time before",
  "digest === rotation.offer": "the digest was compared in constant time before",
  'secrets === "conflict"': "whether there is a result at all",
  'digest !== ""': "whether there is one at all",
  'secret === "string"': "whether the application gave one or several",
  'digest !== "string"': "the type of a property of what Next.js throws",
  "record.secretDigest !== NO_DIGEST": "whether there is one at all",
  "record?.secretDigest !== NO_DIGEST": "whether there is one at all",
  "each.secretDigest === NO_DIGEST": "whether there is one at all",
};

test("A7: nowhere in the library is secret material compared with an operator, but where the time reveals nothing", () => {
  const folder = fileURLToPath(new URL("../../src", import.meta.url));
  const operand = String.raw`[\w.?#]*(?:[sS]ecret|[dD]igest|[tT]oken|rotate\.from)\w*`;
  const comparison = new RegExp(String.raw`${operand} [!=]==? [\w.?"]+|[\w.?"]+ [!=]==? ${operand}`, "g");
  const found = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts") && !file.startsWith("testing/"))
    .flatMap((file) => {
      const code = readFileSync(`${folder}/${file}`, "utf8").replace(/^\s*(?:\*|\/\/|\/\*).*$/gm, "");
      return [...code.matchAll(comparison)].map(([text]) => text);
    });
  assert.ok(found.includes("found.token === token"));
  const isHarmless = (each: string) => each in COMPARISONS || /typeof|[!=]== (?:null|undefined)$/.test(each);
  assert.deepEqual(
    found.filter((each) => !isHarmless(each)),
    [],
  );
});

test("A7: how long it takes to refuse a token does not tell how much of it is right", async () => {
  const clock = testClock();
  const manager = new SessionManager({
    store: memoryStore(),
    transports: [headerTransport()],
    clock: clock.now,
    sweepInterval: 0,
  });
  const { token } = await mintSession(manager, "ann");
  const wrong = { early: 26, late: 68 };
  // One quiet round suffices: a machine that is busy with other things blurs a round, but a leak would show in each.
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 8 && least >= 4.5; round++) {
    const times = { early: [] as number[], late: [] as number[] };
    for (let i = 0; i < 10_000; i++) {
      const which = (["early", "late"] as const)[Math.random() < 0.5 ? 0 : 1] as "early" | "late";
      const guess = resealed(token, wrong[which]);
      const request = {
        method: "GET",
        path: "/",
        header: (name: string) => (name === "x-session-token" ? guess : undefined),
      };
      const begun = performance.now();
      const { session } = await manager.open(request);
      times[which].push(performance.now() - begun);
      assert.equal(session.userId, null);
    }
    least = Math.min(least, Math.abs(welch(trimmed(times.early), trimmed(times.late))));
  }
  assert.ok(least < 4.5, `t = ${least}`);
});

/** The token with another character at `at`, and the checksum that goes with it. */
function resealed(token: string, at: number): string {
  const other = token[at] === "a" ? "b" : "a";
  const body = token.slice(0, at) + other + token.slice(at + 1, -6);
  return body + checksumOf(body);
}

function checksumOf(body: string): string {
  let value = crc32(body);
  let digits = "";
  for (let i = 0; i < 6; i++) {
    digits = BASE62[value % 62] + digits;
    value = Math.floor(value / 62);
  }
  return digits;
}

function isChecked(token: string): boolean {
  return checksumOf(token.slice(0, -6)) === token.slice(-6);
}

/** Without the slowest tenth: pauses of the machine, not of the code. */
function trimmed(times: readonly number[]): number[] {
  return [...times].sort((a, b) => a - b).slice(0, Math.floor(times.length * 0.9));
}

function welch(a: readonly number[], b: readonly number[]): number {
  return (mean(a) - mean(b)) / Math.sqrt(variance(a) / a.length + variance(b) / b.length);
}

/** The random characters of a secret. */
function withoutNumber(secret: string): string {
  return secret.slice(0, 22) + secret.slice(25);
}

/** Pearson's coefficient of the values and their order. */
function correlation(values: readonly number[]): number {
  const order = values.map((_, i) => i);
  const [x, y] = [mean(order), mean(values)];
  const shared = values.reduce((sum, value, i) => sum + (i - x) * (value - y), 0) / values.length;
  return shared / Math.sqrt(variance(order) * variance(values));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function variance(values: readonly number[]): number {
  const centre = mean(values);
  return values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / values.length;
}
