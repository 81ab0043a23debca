// From a token to a session or to none: expiry, reuse of old secrets, corrupt records, and a store that fails.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { runInNewContext } from "node:vm";
import { cookieTransport, headerTransport, memoryStore, SessionError, SessionManager } from "sessile";
import type { SessionRecord } from "sessile/store";
import { sampleRecord } from "sessile/testing";
import { digestSecret, familyOf, formatToken, newSecret, newSid, parseToken, secretOf } from "#dist/core/token.js";
import { Bench, ResponseRecorder, requestWith, type StoreMethod, sidOf } from "../support/requests.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

function unknownToken(): string {
  return formatToken("ses_", { sid: newSid(), secret: newSecret() });
}

async function rotate(bench: Bench, token: string): Promise<string> {
  const { issued } = await bench.send(token, (session) => session.rotate());
  assert.ok(issued !== undefined && issued !== token);
  return issued;
}

/** Sends a request that only reads, and returns the token that it is offered. */
async function offered(bench: Bench, token: string): Promise<string> {
  const { issued } = await bench.send(token, ({ userId }) => userId);
  assert.ok(issued !== undefined && issued !== token);
  return issued;
}

describe("a token", () => {
  test("B1: that is unknown opens nothing, creates nothing and is not taken over by a sign-in", async () => {
    const bench = new Bench();
    const unknown = unknownToken();
    const { issued } = await bench.send(unknown, async (session) => {
      assert.deepEqual([session.userId, session.sid, session.hasCredential], [null, null, true]);
      await session.signIn("ann");
    });
    assert.notEqual(issued, unknown);
    assert.notEqual(sidOf(issued as string), sidOf(unknown));
    assert.equal(await bench.userOf(unknown), null);
    assert.equal((await bench.manager.stats()).sessions, 1);
  });

  test("B9: looks the same to the client, whatever it is not good for", async () => {
    const bench = new Bench({ idleTimeout: HOUR });
    const [expired, revoked, signedOut] = [await bench.signIn(), await bench.signIn(), await bench.signIn()];
    await bench.manager.revoke(sidOf(revoked));
    await bench.send(signedOut, (session) => session.signOut());
    bench.clock.now += HOUR;
    const live = await bench.signIn();
    const wrongSecret = formatToken("ses_", { sid: sidOf(live), secret: newSecret() });
    const looks = [];
    for (const token of [unknownToken(), wrongSecret, expired, revoked, signedOut, "x", `${live}0`]) {
      const { session, response, result } = await bench.send(token, ({ userId, sid, hasCredential, expiresAt }) => [
        userId,
        sid,
        hasCredential,
        expiresAt,
      ]);
      looks.push(JSON.stringify([result, session.keys(), response.lines]));
    }
    assert.deepEqual(new Set(looks).size, 1, looks.join("\n"));
  });
});

describe("expiry", () => {
  test("E1: an idle session is over exactly at idleTimeout", async () => {
    const bench = new Bench({ idleTimeout: 10 * MINUTE });
    const tokens = [await bench.signIn(), await bench.signIn(), await bench.signIn()];
    const start = bench.clock.now;
    const users = [];
    for (const [index, step] of [-1, 0, 1].entries()) {
      bench.clock.now = start + 10 * MINUTE + step;
      users.push(await bench.userOf(tokens[index] as string));
    }
    assert.deepEqual(users, ["ann", null, null]);
  });

  test("E1, E2: a session in constant use is over exactly at absoluteTimeout", async () => {
    const bench = new Bench({ idleTimeout: 10 * MINUTE, absoluteTimeout: 2 * HOUR });
    const token = await bench.signIn();
    const end = bench.clock.now + 2 * HOUR;
    const { absoluteExpiresAt } = (await bench.recordOf(token)) ?? {};
    while (bench.clock.now + 5 * MINUTE < end) {
      bench.clock.now += 5 * MINUTE;
      await bench.send(token, (session) => session.update("n", (n) => Number(n ?? 0) + 1));
    }
    assert.equal((await bench.recordOf(token))?.absoluteExpiresAt, absoluteExpiresAt);
    bench.clock.now = end - 1;
    assert.equal((await bench.send(token, ({ userId }) => userId)).result, "ann");
    bench.clock.now = end;
    assert.equal(await bench.userOf(token), null);
  });

  test("E2: 10,000 touches do not move the absolute deadline", async () => {
    const bench = new Bench({ idleTimeout: HOUR, touchInterval: 0 });
    const token = await bench.signIn();
    const before = await bench.recordOf(token);
    for (let touch = 0; touch < 10_000; touch++) {
      bench.clock.now += 1000;
      await bench.send(token, ({ userId }) => userId);
    }
    await bench.manager.flush();
    const after = await bench.recordOf(token);
    assert.equal(after?.absoluteExpiresAt, before?.absoluteExpiresAt);
    assert.deepEqual([after?.lastSeenAt, after?.expiresAt], [bench.clock.now, bench.clock.now + HOUR]);
  });

  for (const option of ["idleTimeout", "absoluteTimeout"] as const) {
    test(`E2: after a restart the shorter of the stored and the configured ${option} counts`, async () => {
      for (const [before, after, end] of [
        [HOUR, 10 * HOUR, HOUR],
        [10 * HOUR, HOUR, HOUR],
      ] as const) {
        const old = new Bench({ [option]: before });
        const tokens = [await old.signIn(), await old.signIn()];
        const restarted = new Bench({ store: old.spied.inner, [option]: after });
        // In use, so that the idle timeout does not end it before.
        restarted.clock.now = old.clock.now + end / 2;
        if (option === "absoluteTimeout") for (const token of tokens) await restarted.userOf(token);
        restarted.clock.now = old.clock.now + end - 1;
        assert.equal(await restarted.userOf(tokens[0] as string), "ann");
        restarted.clock.now += 1;
        assert.equal(await restarted.userOf(tokens[1] as string), null);
      }
    });
  }

  test("E3: an expired token stays dead in every transport, and its record goes with the first look", async () => {
    const transports = new Bench({ transports: [cookieTransport()] });
    const { session, commit } = await transports.manager.open(requestWith());
    const token = await session.signIn("ann");
    await commit(200, new ResponseRecorder());
    transports.clock.now += 24 * HOUR;
    for (let attempt = 0; attempt < 3; attempt++) {
      const opened = await transports.manager.open(requestWith({ cookie: `__Host-session=${token}` }));
      assert.equal(opened.session.userId, null);
    }
    assert.equal(await transports.recordOf(token), null);
    assert.deepEqual(transports.takeEvents(), ["created", "signedIn", "expired"]);
  });

  test("E9: a clock that goes back after an expiry was served revives nothing", async () => {
    const bench = new Bench({ idleTimeout: HOUR });
    const token = await bench.signIn();
    const start = bench.clock.now;
    bench.clock.now = start + HOUR;
    assert.equal(await bench.userOf(token), null);
    bench.clock.now = start + 1;
    assert.equal(await bench.userOf(token), null);
  });

  test("E9: a clock that jumps ahead ten years ends everything, one that jumps back ends nothing", async () => {
    const bench = new Bench();
    const [first, second] = [await bench.signIn(), await bench.signIn()];
    bench.clock.now -= 10 * 365 * 24 * HOUR;
    assert.equal((await bench.send(first, (session) => session.set("k", 1))).session.userId, "ann");
    bench.clock.now += 20 * 365 * 24 * HOUR;
    assert.equal(await bench.userOf(first), null);
    assert.equal(await bench.userOf(second), null);
  });
});

describe("rotation", () => {
  test("D5: T1→T2→T3 inside the grace: T2 is an alias, T1 ends the session", async () => {
    const bench = new Bench();
    const t1 = await bench.signIn("ann", { kept: 1 });
    const t2 = await rotate(bench, t1);
    assert.equal(await bench.userOf(t1), "ann", "one rotation ago");
    const t3 = await rotate(bench, t2);
    assert.deepEqual(
      [await bench.userOf(t3), await bench.userOf(t2), await bench.dataOf(t3)],
      ["ann", "ann", { kept: 1 }],
    );
    bench.takeEvents();
    assert.equal(await bench.userOf(t1), null, "two rotations ago is reuse");
    assert.deepEqual(bench.takeEvents(), ["revoked", "reuseDetected"]);
    assert.deepEqual([await bench.userOf(t2), await bench.userOf(t3)], [null, null]);
  });

  test("D6: the previous token ends the session exactly when its grace is over, once", async () => {
    for (const [step, expected] of [
      [-1, "ann"],
      [0, null],
      [1, null],
    ] as const) {
      const bench = new Bench({ rotationGrace: 10_000 });
      const t1 = await bench.signIn();
      const t2 = await rotate(bench, t1);
      bench.takeEvents();
      bench.clock.now += 10_000 + step;
      assert.equal(await bench.userOf(t1), expected);
      assert.equal(await bench.userOf(t2), expected);
      assert.equal(await bench.userOf(t1), expected, "a second replay changes nothing");
      assert.deepEqual(bench.takeEvents(), expected === null ? ["revoked", "reuseDetected"] : []);
    }
  });

  test("D6: every former secret is recognised, however old", async () => {
    for (const age of [1, 2, 9, 100]) {
      const bench = new Bench();
      let token = await bench.signIn();
      const first = token;
      for (let rotation = 0; rotation < age; rotation++) token = await rotate(bench, token);
      bench.clock.now += MINUTE;
      assert.equal(await bench.userOf(first), null);
      assert.equal(await bench.userOf(token), null);
    }
  });

  test("D5: the holder of the previous secret cannot rotate, and its grace moves no deadline", async () => {
    const bench = new Bench({ rotateAfter: 30_000, rotationGrace: 20_000 });
    const t1 = await bench.signIn();
    const t2 = await rotate(bench, t1);
    const before = await bench.recordOf(t2);
    bench.clock.now += 19_999;
    const { issued } = await bench.send(t1, (session) => session.rotate());
    assert.equal(issued, undefined);
    const after = await bench.recordOf(t2);
    assert.equal(after?.secretDigest, before?.secretDigest);
    assert.equal(after?.rotatedAt, before?.rotatedAt);
    assert.equal(after?.absoluteExpiresAt, before?.absoluteExpiresAt);
    assert.equal(await bench.userOf(t2), "ann");
  });

  test("D5: a session in use gets a new secret at rotateAfter, and not before", async () => {
    const bench = new Bench({ rotateAfter: 10 * MINUTE });
    const token = await bench.signIn();
    bench.clock.now += 10 * MINUTE - 1;
    assert.equal((await bench.send(token, ({ userId }) => userId)).issued, undefined);
    bench.clock.now += 1;
    const { issued, response } = await bench.send(token, ({ userId }) => userId);
    assert.equal(await bench.userOf(issued as string), "ann");
    assert.equal(sidOf(issued as string), sidOf(token));
    assert.deepEqual(response.all("x-session-token"), [issued]);
    assert.equal((await bench.send(issued as string, ({ userId }) => userId)).issued, undefined);
  });

  test("D5: an offer that the client never got, or got late, costs it nothing", async () => {
    const bench = new Bench({ rotateAfter: 10 * MINUTE });
    const token = await bench.signIn();
    bench.clock.now += 10 * MINUTE;
    const late = await offered(bench, token);
    for (let times = 0; times < 20; times++) {
      bench.clock.now += 5_000;
      assert.equal((await bench.send(token, ({ userId }) => userId)).issued, undefined, "an offer is open");
    }
    assert.equal(await bench.userOf(late), "ann", "100 s later");
    assert.equal(await bench.userOf(token), "ann", "the former one stays good for requests that are under way");
    bench.clock.now += MINUTE;
    assert.equal(await bench.userOf(late), "ann");
    assert.deepEqual(bench.takeEvents(), ["created", "signedIn", "rotated"]);
  });

  test("D5: a client whose answer is lost is offered another secret after twice the grace", async () => {
    const bench = new Bench({ rotateAfter: 10 * MINUTE });
    const token = await bench.signIn();
    bench.clock.now += 10 * MINUTE;
    const lost = await offered(bench, token);
    bench.clock.now += 2 * MINUTE - 1;
    assert.equal((await bench.send(token, ({ userId }) => userId)).issued, undefined);
    bench.clock.now += 1;
    const next = await offered(bench, token);
    assert.notEqual(next, lost);
    bench.clock.now += MINUTE;
    assert.equal(await bench.userOf(next), "ann");
    assert.deepEqual(bench.takeEvents(), ["created", "signedIn", "rotated"]);
    assert.equal(await bench.userOf(lost), null, "an offer that another one replaced is a former secret");
    assert.equal(await bench.userOf(next), null);
  });

  test("D6: two holders of a token are told apart a grace after one of them used a successor, also after 100 rotations", async () => {
    for (const rotations of [1, 100]) {
      const bench = new Bench({ rotateAfter: 10 * MINUTE, idleTimeout: HOUR });
      const stolen = await bench.signIn();
      let token = stolen;
      for (let times = 0; times < rotations; times++) {
        bench.clock.now += 12 * MINUTE;
        token = await offered(bench, token);
        bench.clock.now += MINUTE;
        assert.equal(await bench.userOf(token), "ann");
      }
      bench.clock.now += MINUTE;
      bench.takeEvents();
      assert.equal(await bench.userOf(stolen), null);
      assert.deepEqual(bench.takeEvents(), ["revoked", "reuseDetected"]);
      assert.equal(await bench.userOf(token), null);
    }
  });

  for (const rotateUnadopted of ["report", "end"] as const) {
    test(`D6: a holder that takes every offer and uses none is reported after three (${rotateUnadopted})`, async () => {
      const bench = new Bench({ rotateAfter: 10 * MINUTE, rotateUnadopted });
      const token = await bench.signIn();
      bench.clock.now += 10 * MINUTE;
      bench.takeEvents();
      for (let times = 0; times < 3; times++) {
        await offered(bench, token);
        bench.clock.now += 2 * MINUTE;
      }
      assert.deepEqual(bench.takeEvents(), []);
      assert.equal(await bench.userOf(token), "ann");
      assert.deepEqual(
        bench.takeEvents(),
        rotateUnadopted === "report" ? ["rotationIgnored"] : ["revoked", "rotationIgnored"],
      );
      assert.equal(await bench.userOf(token), rotateUnadopted === "report" ? "ann" : null);
    });
  }

  test("D6: a secret that the store has lost is refused, and ends nothing", async () => {
    const bench = new Bench({ rotateAfter: 10 * MINUTE });
    const token = await bench.signIn();
    bench.clock.now += 10 * MINUTE;
    const known = await offered(bench, token);
    bench.takeEvents();
    const { sid, secret } = parseToken("ses_", known) as { sid: string; secret: string };
    const newer = formatToken("ses_", { sid, secret: secretOf(familyOf(secret), 2) });
    assert.equal(await bench.userOf(newer), null);
    assert.deepEqual(bench.takeEvents(), ["secretLost"]);
    assert.deepEqual([await bench.userOf(token), await bench.userOf(known)], ["ann", "ann"]);
  });

  test("D7: parallel requests whose rotation is due are given one offer", async () => {
    const bench = new Bench({ rotateAfter: 10 * MINUTE });
    const token = await bench.signIn();
    bench.clock.now += 10 * MINUTE;
    const answers = await Promise.all(
      Array.from({ length: 100 }, () => bench.send(token, () => new Promise(setImmediate))),
    );
    assert.equal(answers.filter(({ issued }) => issued !== undefined).length, 1);
  });

  test("a promotion that the store refuses fails no request", async () => {
    const bench = new Bench({ rotateAfter: 10 * MINUTE });
    const token = await bench.signIn();
    bench.clock.now += 10 * MINUTE;
    const next = await offered(bench, token);
    bench.clock.now += MINUTE - 1;
    await bench.userOf(next); // the touch that would be due as well
    bench.clock.now += 1;
    bench.spied.before = (method) => {
      if (method === "commit") throw new Error("out");
    };
    assert.equal(await bench.userOf(next), "ann");
    assert.ok(bench.takeEvents().includes("storeFailed"));
  });

  test("D7: parallel rotations of one token make one successor, and every request is answered", async () => {
    const bench = new Bench();
    const token = await bench.signIn();
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, i) =>
        bench.send(token, async (session) => {
          await new Promise(setImmediate);
          session.rotate();
          if (i % 2 === 0) session.set(`k${i}`, i);
        }),
      ),
    );
    const issued = answers.flatMap((answer) => answer.issued ?? []);
    assert.equal(issued.length, 1);
    assert.equal(await bench.userOf(issued[0] as string), "ann");
    assert.equal((await bench.recordOf(token))?.rotation?.count, 1);
    assert.equal(Object.keys((await bench.dataOf(token)) as object).length, 50);
    assert.equal(bench.takeEvents().filter((name) => name === "rotated").length, 1);
  });
});

describe("a corrupt record", () => {
  test("G2: that the store cannot read is no session, and an event says so", async () => {
    const bench = new Bench();
    const token = await bench.signIn();
    bench.takeEvents();
    bench.spied.before = (method) => {
      if (method === "load") throw new SessionError("ERR_SESSION_RECORD", "unreadable");
    };
    assert.equal(await bench.userOf(token), null);
    assert.deepEqual(bench.takeEvents(), ["storeFailed"]);
  });

  for (const data of ["", "[]", "{", '{"__proto__":{"admin":true}}', '{"a":{"__pr\\u006fto__":1}}']) {
    test(`G1, G2: whose data is ${data || "empty text"} fails the request that reads it, and is removed`, async () => {
      const bench = new Bench();
      const secret = newSecret();
      const now = bench.clock.now;
      const record = sampleRecord({ userId: "ann", secretDigest: digestSecret(secret), data, createdAt: now });
      await bench.spied.inner.create(record);
      const token = formatToken("ses_", { sid: record.sid, secret });
      await assert.rejects(
        bench.send(token, (session) => session.get("admin")),
        { code: "ERR_SESSION_RECORD" },
      );
      assert.deepEqual(bench.takeEvents(), ["storeFailed", "revoked"]);
      assert.equal(await bench.userOf(token), null, "the next request is anonymous");
      assert.equal(({} as Record<string, unknown>)["admin"], undefined);
    });
  }

  test("G2: does not stand in the way of a sign-in or a sign-out", async () => {
    for (const act of ["signIn", "signOut"] as const) {
      const bench = new Bench();
      const secret = newSecret();
      const record = sampleRecord({
        userId: "ann",
        secretDigest: digestSecret(secret),
        data: "{",
        createdAt: bench.clock.now,
      });
      await bench.spied.inner.create(record);
      const token = formatToken("ses_", { sid: record.sid, secret });
      const { issued } = await bench.send(token, (session) =>
        act === "signIn" ? session.signIn("ann") : session.signOut(),
      );
      assert.equal(await bench.recordOf(token), null);
      if (act === "signIn") assert.equal(await bench.userOf(issued as string), "ann");
    }
  });
});

describe("a store that fails", () => {
  const failures: Readonly<Record<string, () => unknown>> = {
    throws: () => {
      throw new Error("ECONNREFUSED redis://user:password@host");
    },
    "rejects with a SessionError": () => Promise.reject(new SessionError("ERR_SESSION_STORE", "too slow")),
    "rejects with no error at all": () => Promise.reject(undefined),
  };

  for (const [how, fail] of Object.entries(failures)) {
    test(`P1: and ${how} on load is 503, never anonymous, and an event`, async () => {
      const bench = new Bench();
      const token = await bench.signIn();
      bench.takeEvents();
      bench.spied.before = fail;
      await assert.rejects(bench.open(token), (error: Error & { statusCode: number; code: string }) => {
        assert.deepEqual([error.code, error.statusCode], ["ERR_SESSION_STORE", 503]);
        assert.ok(!error.message.includes("password") && !error.message.includes(token));
        return true;
      });
      assert.deepEqual(bench.takeEvents(), ["storeFailed"]);
      assert.equal((await bench.open(null)).session.userId, null, "a request without a token needs no store");
      bench.spied.before = () => {};
      assert.equal(await bench.userOf(token), "ann");
    });
  }

  const uses: Readonly<Record<string, [StoreMethod, (bench: Bench, token: string) => Promise<unknown>]>> = {
    "a write": ["commit", (bench, token) => bench.send(token, (session) => session.set("k", 1))],
    "a sign-out": ["delete", (bench, token) => bench.send(token, (session) => session.signOut())],
    "a sign-in": ["create", (bench) => bench.send(null, (session) => session.signIn("bob"))],
    "the removal of an expired record": [
      "delete",
      (bench, token) => {
        bench.clock.now += 48 * HOUR;
        return bench.send(token, ({ userId }) => userId);
      },
    ],
    "a list": ["list", (bench) => bench.manager.list("ann")],
    "a revocation": ["delete", (bench, token) => bench.manager.revoke(sidOf(token))],
    "a revoke-all": ["deleteByUser", (bench) => bench.manager.revokeUser("ann")],
    "a sweep": ["deleteExpired", (bench) => bench.manager.sweep()],
    "a count": ["stats", (bench) => bench.manager.stats()],
  };
  for (const [what, [method, use]] of Object.entries(uses)) {
    test(`P1: in ${what} is 503 and one event`, async () => {
      const bench = new Bench();
      const token = await bench.signIn();
      bench.takeEvents();
      bench.spied.before = (called) => {
        if (called === method) throw new Error("down");
      };
      const code = what === "a sign-out" ? "ERR_SESSION_NOT_ENDED" : "ERR_SESSION_STORE";
      await assert.rejects(use(bench, token), { code, statusCode: 503 });
      assert.deepEqual(bench.takeEvents(), ["storeFailed"]);
    });
  }

  test("a wrong question is no failure of the store", async () => {
    const bench = new Bench({ store: memoryStore() });
    await assert.rejects(bench.manager.list("ann", { after: "forged" }), { code: "ERR_SESSION_PAGE", statusCode: 400 });
    assert.deepEqual(bench.takeEvents(), []);
  });
});

describe("a store whose promises are none of `Promise`", () => {
  const foreign = runInNewContext("Promise.resolve()") as Promise<void>;
  const kinds: Readonly<Record<string, (loaded: () => unknown) => unknown>> = {
    "those of another realm": (loaded) => foreign.then(loaded),
    "an object with a `then`": (loaded) => ({
      // biome-ignore lint/suspicious/noThenProperty: such a thing is what the test is about
      then(answer: (value: unknown) => void, fail: (error: unknown) => void) {
        try {
          answer(loaded());
        } catch (error) {
          fail(error);
        }
      },
    }),
  };
  for (const [name, make] of Object.entries(kinds)) {
    test(`is waited for: ${name}`, async () => {
      const store = memoryStore();
      const load = store.load.bind(store);
      let isUp = true;
      store.load = (sid) => make(() => (isUp ? load(sid) : assert.fail("down"))) as Promise<SessionRecord | null>;
      const manager = new SessionManager({ store, transports: [headerTransport()], sweepInterval: 0 });
      const { session } = await manager.open(requestWith());
      const token = await session.signIn("ann");
      const open = async () => manager.open(requestWith({ "x-session-token": token }));
      assert.equal((await open()).session.userId, "ann");
      await manager.revoke(session.sid as string);
      assert.equal((await open()).session.userId, null);
      isUp = false;
      await assert.rejects(open(), { code: "ERR_SESSION_STORE" });
    });
  }
});
