// The token: how it looks, what is refused, and where its randomness comes from.

import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { crc32 } from "node:zlib";
import { headerTransport, memoryStore, SessionManager } from "sessile";
import { BASE62, formatToken, isPrefix, isSid, newSecret, newSid, parseToken, randomBase62 } from "#dist/core/token.js";
import { Bench, ResponseRecorder, sidOf } from "../support/requests.ts";

/** The pattern of the docs and of secret scanners. */
const PUBLISHED = /^ses_[0-9A-Za-z]{72}$/;

function newToken(prefix = "ses_"): string {
  return formatToken(prefix, { sid: newSid(), secret: newSecret() });
}

/** The checksum as a scanner would verify it, without a line of ours. */
function scannerAccepts(token: string): boolean {
  if (!PUBLISHED.test(token)) return false;
  let value = 0n;
  for (const digit of token.slice(-6)) value = value * 62n + BigInt(BASE62.indexOf(digit));
  return value === BigInt(crc32(token.slice(0, -6)));
}

test("A4: a token has 76 characters of a fixed form, and a checksum that others can verify", () => {
  for (let round = 0; round < 1000; round++) {
    const token = newToken();
    assert.equal(token.length, 76);
    assert.ok(scannerAccepts(token), token);
  }
});

test("A4: the published form and checksum match no random text", () => {
  for (let round = 0; round < 100_000; round++) {
    const text = `ses_${randomBase62(72)}`;
    assert.equal(parseToken("ses_", text), null);
    assert.equal(scannerAccepts(text), false);
  }
});

test("parseToken gives back the parts that formatToken was given", () => {
  for (const prefix of ["ses_", "a_", "Abcdefghijklmn0_"]) {
    const parts = { sid: newSid(), secret: newSecret() };
    assert.deepEqual(parseToken(prefix, formatToken(prefix, parts)), parts);
  }
});

test("A4: changing any one character of a token makes it none", () => {
  const token = newToken();
  for (let index = 0; index < token.length; index++) {
    for (const other of [...BASE62, "_", "-", " ", "\0", "é", "\ud800"]) {
      if (other === token[index]) continue;
      const changed = token.slice(0, index) + other + token.slice(index + 1);
      assert.equal(parseToken("ses_", changed), null, `${index} ${other}`);
    }
  }
});

test("A4: a character that only resembles one of a token in its low byte makes it none", () => {
  const token = newToken();
  for (let index = 0; index < token.length; index++) {
    for (const page of [0x100, 0x200, 0x2600, 0xff00]) {
      const other = String.fromCharCode(token.charCodeAt(index) + page);
      assert.equal(parseToken("ses_", token.slice(0, index) + other + token.slice(index + 1)), null, `${index}`);
    }
  }
});

/** Bun's engine has neither the flag nor the slices that keep a whole text. */
const skip = process.versions["bun"] !== undefined;

test("who remembers a sid does not keep the header that it came in", { skip }, () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const header = (): string => Buffer.alloc(512 * 1024, `${newToken()};`).toString("latin1");
  const heap = (): number => {
    collect();
    return process.memoryUsage().heapUsed;
  };
  const before = heap();
  const sids = Array.from({ length: 64 }, () => parseToken("ses_", header().slice(0, 76))?.sid);
  const grown = heap() - before;
  assert.equal(sids.filter(isSid).length, 64);
  assert.ok(grown < 8 * 1024 ** 2, `${grown} bytes`);
});

test("A4: swapping, dropping or adding characters makes a token none", () => {
  const token = newToken();
  for (let index = 0; index + 1 < token.length; index++) {
    const [a, b] = [token[index] as string, token[index + 1] as string];
    if (a !== b) assert.equal(parseToken("ses_", token.slice(0, index) + b + a + token.slice(index + 2)), null);
    assert.equal(parseToken("ses_", token.slice(0, index) + token.slice(index + 1)), null);
    assert.equal(parseToken("ses_", `${token.slice(0, index)}0${token.slice(index)}`), null);
  }
});

test("A4: a token of another prefix is none", () => {
  assert.equal(parseToken("ses_", newToken("adm_")), null);
  assert.equal(parseToken("adm_", newToken()), null);
  assert.equal(parseToken("s_", newToken("ses_")), null);
});

test("B2: 100,000 hostile texts make parseToken neither throw nor accept", () => {
  const token = newToken();
  const odd = [
    "",
    "\0",
    "\r\n",
    "ses_",
    "é",
    "\u2028",
    "🔑",
    "\ud800",
    "%00",
    "__proto__",
    "{tag}",
    " ",
    "*",
    token.slice(4),
  ];
  let seed = 0x5e551;
  const random = (below: number): number => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
  for (let round = 0; round < 100_000; round++) {
    const start = token.slice(0, random(76));
    const text =
      start + (odd[random(odd.length)] as string) + randomBase62(random(76)) + (odd[random(odd.length)] as string);
    const cut = random(4) === 0 ? text.slice(0, 76) : text;
    if (cut !== token) assert.equal(parseToken("ses_", cut), null);
  }
});

test("isSid accepts sids and nothing else", () => {
  assert.equal(isSid(newSid()), true);
  for (const other of [
    "",
    "x",
    "x".repeat(21),
    "x".repeat(23),
    `${"x".repeat(21)}\n`,
    `${"x".repeat(22)}\n`,
    `${"x".repeat(21)}é`,
    null,
    undefined,
    1,
    {},
  ]) {
    assert.equal(isSid(other), false);
  }
  assert.equal(isSid(["x".repeat(22)]), false);
});

test("a prefix is letters and digits with one underscore at the end", () => {
  for (const good of ["a_", "ses_", "Ses1_", "abcdefghijklmno_"]) assert.equal(isPrefix(good), true);
  for (const bad of [
    "",
    "_",
    "ses",
    "1a_",
    "a__",
    "a_b_",
    "a-b_",
    "ses_\n",
    "é_",
    "a _",
    "abcdefghijklmnop_",
    null,
    undefined,
    5,
    ["a_"],
  ]) {
    assert.equal(isPrefix(bad), false);
  }
});

test("A3: tokens of one user have nothing in common but the prefix", async () => {
  const bench = new Bench();
  const tokens = await Promise.all(Array.from({ length: 500 }, () => bench.signIn("same")));
  assert.equal(new Set(tokens).size, 500);
  for (let index = 4; index < 70; index++) {
    if (index >= 48 && index < 51) continue; // the number of the secret
    const distinct = new Set(tokens.map((token) => token[index]));
    assert.ok(distinct.size > 40, `only ${distinct.size} different characters at ${index}`);
  }
});

test("A2: when the generator fails, sign-in rejects, nothing is stored and no token is sent", async () => {
  const bench = new Bench();
  const stub = mock.method(crypto, "getRandomValues", () => {
    throw new Error("no entropy");
  });
  try {
    assert.throws(() => randomBase62(5000)); // uses up the pool
    await assert.rejects(
      bench.send(null, (session) => session.signIn("ann")),
      /no entropy/,
    );
    assert.deepEqual(bench.spied.take(), {});
    await assert.rejects(
      bench.send(null, (session) => session.set("k", 1)),
      /no entropy/,
    );
    assert.deepEqual(bench.spied.take(), {});
  } finally {
    stub.mock.restore();
  }
  assert.equal((await bench.manager.stats()).sessions, 0);
});

test("A5: a forged token with a right checksum costs one store call and answers like any unknown one", async () => {
  const bench = new Bench();
  const known = await bench.signIn();
  bench.spied.take();
  const answers = [];
  for (const forged of [newToken(), formatToken("ses_", { sid: sidOf(known), secret: newSecret() })]) {
    const { session, response } = await bench.send(forged, ({ userId, sid, hasCredential }) => [
      userId,
      sid,
      hasCredential,
    ]);
    assert.deepEqual(bench.spied.take(), { load: 1 });
    answers.push([session.userId, session.sid, session.hasCredential, response.lines]);
  }
  assert.deepEqual(answers[0], answers[1]);
  assert.equal(await bench.userOf(known), "ann", "a wrong secret ends nothing");
});

test("A4: an ill-formed token costs no store call", async () => {
  const bench = new Bench();
  const known = await bench.signIn();
  bench.spied.take();
  for (const text of ["x", known.slice(1), `${known}0`, known.toLowerCase(), known.replace("ses_", "adm_")]) {
    const { session } = await bench.send(text, ({ userId }) => userId);
    assert.equal(session.userId, null);
    assert.equal(session.hasCredential, true);
  }
  assert.deepEqual(bench.spied.take(), {});
});

test("A6: a generator that repeats a live sid gets the second user another session and leaves the first alone", async () => {
  const bench = new Bench();
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
    assert.deepEqual(bench.spied.take(), { create: 1 });
    const second = await bench.signIn("bob", { yours: 2 });
    assert.deepEqual(bench.spied.take(), { create: 2 }, "the first attempt met the live sid");
    assert.equal(pools, 1);
    assert.notEqual(sidOf(second), sidOf(first));
    assert.deepEqual([await bench.userOf(first), await bench.dataOf(first)], ["ann", { mine: 1 }]);
    assert.deepEqual([await bench.userOf(second), await bench.dataOf(second)], ["bob", { yours: 2 }]);
  } finally {
    stub.mock.restore();
  }
});

test("A6: a generator that repeats itself for good makes sign-in fail and leaves the first session alone", async () => {
  const bench = new Bench();
  let isStuck = false;
  const stub = mock.method(crypto, "getRandomValues", (pool: Uint8Array) => {
    isStuck = true;
    return pool.fill(5);
  });
  try {
    while (!isStuck) newSid();
    const first = await bench.signIn("ann", { mine: 1 });
    await assert.rejects(bench.signIn("bob"), { code: "ERR_SESSION_STORE", message: /random source/ });
    assert.deepEqual([await bench.userOf(first), await bench.dataOf(first)], ["ann", { mine: 1 }]);
    assert.equal((await bench.manager.stats()).sessions, 1);
  } finally {
    stub.mock.restore();
    randomBase62(5000); // nothing of the stuck pool is left for other tests
  }
});

test("the store keeps no token", async () => {
  const store = memoryStore();
  const manager = new SessionManager({ store, transports: [headerTransport()], sweepInterval: 0 });
  const { session, commit } = await manager.open({ method: "POST", path: "/", header: () => undefined });
  const token = await session.signIn("ann");
  await commit(200, new ResponseRecorder());
  const dump = JSON.stringify(await store.load(sidOf(token)));
  const secret = token.slice(26, 70);
  for (const form of [token, secret, Buffer.from(secret).toString("base64url"), Buffer.from(secret).toString("hex")]) {
    assert.ok(!dump.includes(form));
  }
});
