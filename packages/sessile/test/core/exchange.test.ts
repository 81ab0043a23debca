// One request and its response: what is written, sent and kept, in every order a handler can think of.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { bearerTransport, cookieTransport, headerTransport, type Session, type SignInOptions } from "sessile";
import { all, type Bag, Bench, Gate, ResponseRecorder, requestWith, sidOf } from "../support/requests.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const plusOne = (n: unknown): number => Number(n ?? 0) + 1;

/** Signs Ann in, whatever carries the token. */
async function tokenOf(bench: Bench, data: Bag = {}): Promise<string> {
  return (await bench.send(null, (session) => session.signIn("ann", { data }))).result;
}

/** A request that is open while others happen. */
async function openRequest(
  bench: Bench,
  token: string | null,
): Promise<{ session: Session<Bag>; finish: (status?: number) => Promise<ResponseRecorder> }> {
  const { session, commit } = await bench.open(token);
  const response = new ResponseRecorder();
  const finish = async (status = 200): Promise<ResponseRecorder> => {
    await commit(status, response);
    return response;
  };
  return { session, finish };
}

describe("a request", () => {
  test("F5: that only reads writes nothing and sends no token", async () => {
    const bench = new Bench();
    const token = await bench.signIn("ann", { list: [1] });
    bench.spied.take();
    bench.clock.now += MINUTE - 1;
    const { response } = await bench.send(token, (session) => [
      session.userId,
      session.get("list"),
      session.has("x"),
      session.keys(),
      session.isSignedIn(),
    ]);
    assert.deepEqual(bench.spied.take(), { load: 1 });
    assert.deepEqual(response.lines, [
      ["cache-control", "no-store"],
      ["vary", "X-Session-Token"],
    ]);
  });

  test("K8: that is anonymous asks the store nothing, whatever it reads or removes", async () => {
    const bench = new Bench();
    const { response } = await bench.send(null, async (session) => {
      session.get("a");
      session.has("a");
      session.remove("a");
      session.update("a", (value) => value);
      session.set("a", 1);
      session.remove("a");
      session.rotate();
      session.notActivity();
      await session.commit();
      await session.signOut();
    });
    assert.deepEqual(bench.spied.take(), {});
    assert.equal(response.get("x-session-token"), undefined);
  });

  test("H7: that does not look at its session gets no header; with a credential, one that does is not cached", async () => {
    const bench = new Bench({ transports: [headerTransport(), bearerTransport(), cookieTransport()] });
    const token = await bench.signIn();
    assert.deepEqual((await bench.send(token, () => {})).response.lines, []);
    assert.deepEqual((await bench.send(null, () => {})).response.lines, []);
    const looks: ((session: Session<Bag>) => unknown)[] = [
      (session) => session.userId,
      (session) => session.isSignedIn(),
      (session) => session.get("a"),
      (session) => session.has("a"),
      (session) => session.hasCredential,
      (session) => session.keys(),
      (session) => session.signOut(),
    ];
    for (const look of looks) {
      for (const status of [200, 304, 401, 500]) {
        const { response } = await bench.send(token, look, { status });
        assert.equal(response.get("cache-control"), "no-store");
        assert.deepEqual(response.all("vary"), ["X-Session-Token", "Authorization", "Cookie"]);
      }
    }
  });

  test("H7: that presents no credential and looks at its session differs by credential, and may be cached", async () => {
    const bench = new Bench({ transports: [headerTransport(), cookieTransport()] });
    const { response } = await bench.send(null, (session) => session.userId, { cacheControl: "public, max-age=60" });
    assert.deepEqual(response.lines, [
      ["cache-control", "public, max-age=60"],
      ["vary", "X-Session-Token"],
      ["vary", "Cookie"],
    ]);
  });

  const directives = {
    "public, max-age=31536000": "no-store",
    "no-cache, no-transform": "no-store, no-transform",
    "No-Transform": "no-store, no-transform",
    "private, max-age=60": "private, max-age=60",
    "max-age=60 , Private": "max-age=60 , Private",
    'private="set-cookie"': "no-store",
    "no-store, max-age=0": "no-store, max-age=0",
  };
  for (const [given, expected] of Object.entries(directives)) {
    test(`that looks at its session and is answered with Cache-Control: ${given} says ${expected}`, async () => {
      const bench = new Bench();
      const { response } = await bench.send(await bench.signIn(), (session) => session.userId, { cacheControl: given });
      assert.equal(response.get("cache-control"), expected);
    });
  }

  test("H7: that hands out or clears a token is stored nowhere, whatever the application says of caches", async () => {
    const bench = new Bench();
    const cacheControl = "private, no-transform";
    const signedIn = await bench.send(null, (session) => session.signIn("ann"), { cacheControl });
    const token = signedIn.issued as string;
    const rotated = await bench.send(token, (session) => session.rotate(), { cacheControl });
    const signedOut = await bench.send(rotated.issued as string, (session) => session.signOut(), { cacheControl });
    for (const { response } of [signedIn, rotated, signedOut])
      assert.equal(response.get("cache-control"), "no-store, no-transform");
  });

  test("K8: that writes anonymously begins an anonymous session, which the next request finds", async () => {
    const bench = new Bench();
    const { issued, session } = await bench.send(null, (anonymous) => anonymous.set("cart", [1]));
    assert.deepEqual([session.userId, session.authenticatedAt, session.sid], [null, null, sidOf(issued as string)]);
    const { result } = await bench.send(issued as string, (next) => [next.isSignedIn(), next.get("cart"), next.userId]);
    assert.deepEqual(result, [false, [1], null]);
    assert.deepEqual(bench.takeEvents(), ["created"]);
  });

  for (const status of [200, 204, 302, 400, 404, 499]) {
    test(`that is answered with ${status} keeps what it wrote`, async () => {
      const bench = new Bench();
      const token = await bench.signIn();
      await bench.send(token, (session) => session.set("k", status), { status });
      assert.deepEqual(await bench.dataOf(token), { k: status });
    });
  }

  for (const status of [500, 503, 599, Number.NaN]) {
    test(`that is answered with ${status} keeps nothing and touches nothing`, async () => {
      const bench = new Bench();
      const token = await bench.signIn("ann", { k: 0 });
      const before = await bench.recordOf(token);
      bench.clock.now += 30 * MINUTE;
      bench.spied.take();
      const { response, session } = await bench.send(
        token,
        (open) => {
          open.set("k", 1);
          open.rotate();
        },
        { status },
      );
      assert.deepEqual(bench.spied.take(), { load: 1 });
      assert.deepEqual(await bench.recordOf(token), before);
      assert.equal(response.get("x-session-token"), undefined);
      assert.equal(session.userId, "ann", "whoever logs the response still sees who it was");
    });
  }
});

describe("sign-in", () => {
  test("D1: gives a new sid and secret, ends what was presented, and carries nothing over", async () => {
    const bench = new Bench();
    const { issued: t0 } = await bench.send(null, (session) => session.set("planted", "by the attacker"));
    const { issued, result } = await bench.send(t0 as string, (session) => session.signIn("ann"));
    assert.equal(result, issued);
    assert.notEqual(sidOf(issued as string), sidOf(t0 as string));
    assert.equal(await bench.userOf(t0 as string), null);
    assert.equal(await bench.recordOf(t0 as string), null);
    assert.deepEqual(await bench.dataOf(issued as string), {});
    await bench.send(t0 as string, (session) => session.set("later", 1));
    assert.deepEqual(await bench.dataOf(issued as string), {});
  });

  test("D2: as another user does not merge", async () => {
    const bench = new Bench();
    const ann = await bench.signIn("ann", { cart: 1 });
    const { issued } = await bench.send(ann, async (session) => {
      session.set("cart", 2);
      await session.signIn("bob");
      assert.deepEqual([session.userId, session.keys()], ["bob", []]);
    });
    assert.deepEqual(
      [await bench.userOf(ann), await bench.userOf(issued as string), await bench.dataOf(issued as string)],
      [null, "bob", {}],
    );
  });

  test("D1: carries over exactly what `keep` and `data` name", async () => {
    const bench = new Bench();
    const { issued: t0 } = await bench.send(null, (session) => {
      session.set("cart", [1]);
      session.set("isAdmin", true);
      session.set("theme", "dark");
    });
    const { issued } = await bench.send(t0 as string, async (session) => {
      session.set("cart", [1, 2]);
      await session.signIn("ann", {
        keep: ["cart", "theme", "missing", "constructor", "__proto__"],
        data: { theme: "light", name: undefined },
      } as SignInOptions<Bag>);
      session.set("after", 1);
    });
    assert.deepEqual(await bench.dataOf(issued as string), { cart: [1, 2], theme: "light", after: 1 });
  });

  test("D3: that is never called changes nothing", async () => {
    const bench = new Bench();
    const token = await bench.signIn();
    const before = await bench.recordOf(token);
    bench.clock.now += 5 * MINUTE;
    await bench.send(token, (session) => session.notActivity(), { status: 401 });
    assert.deepEqual(await bench.recordOf(token), before);
  });

  for (const [what, bad] of Object.entries({
    "an empty user id": "",
    "a number": 1,
    "half a surrogate pair": "a\ud800",
    "a long user id": "x".repeat(257),
    null: null,
    undefined: undefined,
  })) {
    test(`with ${what} is refused before anything happens`, async () => {
      const bench = new Bench();
      const token = await bench.signIn();
      bench.spied.take();
      await assert.rejects(
        bench.send(token, (session) => session.signIn(bad as string)),
        { code: "ERR_SESSION_VALUE", message: /`userId`/ },
      );
      assert.deepEqual(bench.spied.take(), { load: 1 });
    });
  }

  test("with data, a device or keys that cannot be kept is refused before anything happens", async () => {
    const bench = new Bench({ limits: { dataBytes: 100, keys: 2 } });
    const token = await bench.signIn();
    bench.spied.take();
    const bad = [
      { data: { k: "x".repeat(100) } },
      { data: { a: 1, b: 2, c: 3 } },
      { data: { a: [undefined] as never } },
      { data: { a: new Date() as never } },
      { data: JSON.parse('{"__proto__":{"admin":true}}') as Bag },
      { device: "\ud800" },
      { device: 1 as never },
      { authenticatedAt: -1 },
      { authenticatedAt: Number.NaN },
      { authenticatedAt: null as never },
    ];
    for (const options of bad) {
      await assert.rejects(
        bench.send(token, (session) => session.signIn("bob", options)),
        { code: "ERR_SESSION_VALUE" },
      );
    }
    assert.deepEqual(bench.spied.take(), { load: bad.length });
    assert.equal(await bench.userOf(token), "ann");
  });

  test("that succeeds in a request that fails leaves no record and sends no token; what it ended stays ended", async () => {
    const bench = new Bench();
    const old = await bench.signIn();
    const { response } = await bench.send(
      old,
      async (session) => {
        await session.signIn("ann");
        session.set("k", 1);
      },
      { status: 500 },
    );
    assert.equal(response.get("x-session-token"), undefined);
    assert.equal((await bench.manager.stats()).sessions, 0);
  });

  for (const [what, data, fail] of [
    ["the store is down", "x", () => assert.fail("down")],
    ["its data is too large", "x".repeat(60), () => {}],
  ] as const) {
    test(`whose request fails in its last write because ${what} leaves no record and sends no token`, async () => {
      const bench = new Bench({ limits: { dataBytes: 50 } });
      bench.spied.before = (method) => (method === "commit" ? fail() : undefined);
      const { session, commit } = await bench.open(null);
      await session.signIn("ann");
      session.set("k", data);
      const response = new ResponseRecorder();
      await assert.rejects(async () => commit(200, response), { name: "SessionError" });
      assert.equal(response.get("x-session-token"), undefined);
      assert.equal((await bench.manager.stats()).sessions, 0);
    });
  }

  test("twice in one request leaves the second session alone", async () => {
    const bench = new Bench();
    const { issued, result } = await bench.send(null, async (session) => [
      await session.signIn("ann", { data: { a: 1 } }),
      await session.signIn("bob"),
    ]);
    assert.equal(issued, result[1]);
    assert.deepEqual([await bench.userOf(result[0] as string), await bench.userOf(result[1] as string)], [null, "bob"]);
    assert.equal((await bench.manager.stats()).sessions, 1);
    assert.deepEqual(await bench.dataOf(issued as string), {});
  });

  test("after a sign-out in the same request begins a session, and the client gets its token", async () => {
    const bench = new Bench();
    const old = await bench.signIn();
    const { issued, response } = await bench.send(old, async (session) => {
      await session.signOut();
      assert.equal(session.userId, null);
      await session.signIn("bob");
      session.set("k", 1);
    });
    assert.deepEqual(response.all("x-session-token"), [issued]);
    assert.deepEqual([await bench.userOf(issued as string), await bench.dataOf(issued as string)], ["bob", { k: 1 }]);
  });

  test("before a sign-out in the same request leaves no user signed in and sends no token", async () => {
    const bench = new Bench({ transports: [cookieTransport()] });
    const { session, commit } = await bench.manager.open(requestWith({ cookie: "__Host-session=stale" }));
    const token = await session.signIn("ann");
    await session.signOut();
    const response = new ResponseRecorder();
    await commit(200, response);
    assert.deepEqual(
      response.all("set-cookie").map((line) => line.split(";")[0]),
      ["__Host-session="],
    );
    assert.equal(await bench.recordOf(token), null);
  });

  test("and rotate in one request send one token, and the one that signIn returned stays good", async () => {
    const bench = new Bench();
    for (const order of ["rotate first", "sign in first"]) {
      const { issued, result } = await bench.send(await bench.signIn(), async (session) => {
        if (order === "rotate first") session.rotate();
        const token = await session.signIn("bob");
        if (order === "sign in first") session.rotate();
        return token;
      });
      assert.equal(issued, result);
      bench.clock.now += MINUTE;
      assert.equal(await bench.userOf(result), "bob");
    }
  });

  test("that the handler does not wait for is still complete when the response leaves", async () => {
    const bench = new Bench();
    const gate = new Gate();
    bench.spied.before = (method) => (method === "create" ? gate.pass() : undefined);
    const sending = bench.send(null, (session) => void session.signIn("ann").catch(() => {}));
    await gate.reached;
    gate.open();
    const { issued } = await sending;
    assert.equal(await bench.userOf(issued as string), "ann");
  });

  test("that the handler does not wait for leaves nothing when the request fails", async () => {
    const bench = new Bench();
    const gate = new Gate();
    bench.spied.before = (method) => (method === "create" ? gate.pass() : undefined);
    const sending = bench.send(null, (session) => void session.signIn("ann").catch(() => {}), { status: 500 });
    await gate.reached;
    gate.open();
    assert.equal((await sending).issued, undefined);
    assert.equal((await bench.manager.stats()).sessions, 0);
  });

  test("I7: from another site is refused with a cookie, before anything happens", async () => {
    const bench = new Bench({ transports: [cookieTransport()] });
    for (const cookie of [undefined, "__Host-session=stale"]) {
      const { session } = await bench.manager.open(requestWith({ cookie, "sec-fetch-site": "cross-site" }));
      await assert.rejects(session.signIn("attacker"), { code: "ERR_SESSION_CROSS_SITE", statusCode: 403 });
    }
    assert.deepEqual(bench.spied.take(), {});
  });

  test("I7: an anonymous cross-site write is refused with a cookie, and leaves nothing", async () => {
    const bench = new Bench({ transports: [cookieTransport()] });
    const { session, commit } = await bench.manager.open(requestWith({ "sec-fetch-site": "cross-site" }));
    session.set("k", 1);
    const response = new ResponseRecorder();
    await assert.rejects(async () => commit(200, response), { code: "ERR_SESSION_CROSS_SITE" });
    assert.deepEqual([bench.spied.take(), response.all("set-cookie")], [{}, []]);
  });
});

test("the holder of an open session is told the new token, and whether the client's is cleared", async () => {
  for (const transports of [[cookieTransport()], [headerTransport()]]) {
    const bench = new Bench({ transports, rotateAfter: HOUR });
    const settle = async (token: string | null, handle: (session: Session<Bag>) => unknown, status = 200) => {
      const headers = { cookie: `__Host-session=${token}`, "x-session-token": token ?? undefined };
      const opened = await bench.manager.open(requestWith(token === null ? {} : headers));
      const result = await handle(opened.session);
      const response = new ResponseRecorder();
      const { mustWait } = opened;
      const settled = opened.commit(status, response);
      assert.equal(settled instanceof Promise, mustWait);
      assert.deepEqual(await opened.commit(200, response), { newToken: null, cleared: false }, "once");
      return { ...(await settled), result, sent: JSON.stringify(response.lines) };
    };
    const nothing = { newToken: null, cleared: false };
    const begun = await settle(null, (session) => session.signIn("ann"));
    assert.deepEqual([begun.newToken, begun.cleared], [begun.result, false]);
    const token = begun.newToken as string;
    const read = await settle(token, (session) => session.userId);
    assert.deepEqual({ newToken: read.newToken, cleared: read.cleared }, nothing);
    const rotated = await settle(token, (session) => session.rotate());
    assert.ok(rotated.newToken !== token && rotated.sent.includes(rotated.newToken as string));
    const left = await settle(rotated.newToken, (session) => session.signOut());
    assert.deepEqual([left.newToken, left.cleared], [null, true]);
    const visitor = await settle(null, (session) => session.signOut());
    assert.deepEqual([visitor.newToken, visitor.cleared], [null, false], "there is nothing to clear");
    const again = await settle(await tokenOf(bench), async (session) => {
      await session.signOut();
      session.set("k", 1);
    });
    assert.deepEqual([typeof again.newToken, again.cleared], ["string", false]);
    const failed = await settle(null, (session) => session.signIn("ann"), 500);
    assert.deepEqual([failed.newToken, failed.cleared], [null, false]);
  }
});

describe("sign-out", () => {
  test("F1: is acknowledged by the store before it returns, and the token is dead from then on", async () => {
    const bench = new Bench();
    const token = await bench.signIn();
    const gate = new Gate();
    bench.spied.before = (method) => (method === "delete" ? gate.pass() : undefined);
    let isBack = false;
    const sending = bench.send(token, async (session) => {
      await session.signOut();
      isBack = true;
      assert.equal(await bench.recordOf(token), null);
    });
    await gate.reached;
    for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
    assert.equal(isBack, false);
    gate.open();
    await sending;
    assert.deepEqual(bench.takeEvents(), ["created", "signedIn", "signedOut"]);
  });

  test("F1: that failed lets nothing more be written", async () => {
    const bench = new Bench();
    const token = await bench.signIn();
    bench.clock.now += 2 * MINUTE; // a touch would be due
    bench.spied.before = (method) => (method === "delete" ? assert.fail("down") : undefined);
    bench.spied.take();
    await bench.send(token, async (session) => {
      session.set("k", 1);
      session.rotate();
      await assert.rejects(session.signOut(), { code: "ERR_SESSION_NOT_ENDED" });
      assert.throws(() => session.set("k", 2), { code: "ERR_SESSION_STATE", message: /failed sign-out/ });
      await session.commit();
    });
    assert.deepEqual(bench.spied.take(), { load: 1, delete: 1 });
  });

  test("F1: that failed does not let a sign-in go on", async () => {
    const bench = new Bench();
    const token = await bench.signIn();
    bench.spied.before = (method) => (method === "delete" ? assert.fail("down") : undefined);
    await assert.rejects(
      bench.send(token, (session) => session.signIn("bob")),
      { code: "ERR_SESSION_STORE" },
    );
    assert.equal((await bench.manager.stats()).sessions, 1);
    assert.equal(await bench.userOf(token), "ann");
  });

  test("F2: stands in a request that then fails", async () => {
    const bench = new Bench();
    const token = await bench.signIn();
    await assert.rejects(
      bench.send(token, async (session) => {
        await session.signOut();
        throw new Error("afterwards");
      }),
      /afterwards/,
    );
    assert.equal(await bench.userOf(token), null);
    const again = await bench.signIn();
    assert.equal(await bench.userOf(token), null, "a later sign-in does not revive it");
    assert.equal(await bench.userOf(again), "ann");
  });

  test("F8: is the same for a live, dead, unknown, ill-formed and missing token, and clears the cookie that came", async () => {
    const bench = new Bench({ transports: [cookieTransport()] });
    const first = await bench.manager.open(requestWith());
    const token = await first.session.signIn("ann");
    await first.commit(200, new ResponseRecorder());
    for (const cookie of [token, token, "x", `${token}0`, undefined]) {
      const { session, commit } = await bench.manager.open(
        requestWith(cookie === undefined ? {} : { cookie: `__Host-session=${cookie}` }),
      );
      const response = new ResponseRecorder();
      assert.equal(await session.signOut(), undefined);
      assert.equal(await session.signOut(), undefined);
      await commit(200, response);
      assert.equal(response.all("set-cookie").length, cookie === undefined ? 0 : 1);
    }
    assert.deepEqual(bench.takeEvents(), ["created", "signedIn", "signedOut"]);
  });

  test("once it has resolved, a write begins a new anonymous session, with nothing of the old one", async () => {
    const bench = new Bench({ transports: [cookieTransport()] });
    const writes: Readonly<Record<string, (session: Session<Bag>) => void>> = {
      set: (session) => session.set("k", 1),
      update: (session) => session.update("k", plusOne),
    };
    for (const [name, write] of Object.entries(writes)) {
      const old = await tokenOf(bench, { k: 5, cart: [1] });
      bench.takeEvents();
      const { session, commit } = await bench.manager.open(requestWith({ cookie: `__Host-session=${old}` }));
      session.set("before", 1);
      session.rotate();
      await session.signOut();
      assert.deepEqual([session.sid, session.userId, session.keys(), session.expiresAt], [null, null, [], null]);
      write(session);
      const response = new ResponseRecorder();
      await commit(200, response);
      const [line = "", ...others] = response.all("set-cookie");
      const issued = line.slice("__Host-session=".length).split(";", 1)[0] as string;
      assert.deepEqual(others, [], "it is not cleared as well");
      assert.notEqual(sidOf(issued), sidOf(old));
      assert.deepEqual([await bench.dataOf(issued), (await bench.recordOf(issued))?.userId], [{ k: 1 }, null], name);
      assert.equal(await bench.recordOf(old), null);
      assert.deepEqual(bench.takeEvents(), ["signedOut", "created"]);
    }
  });

  test("a removal after it, and a write that is taken back, begin nothing and clear the cookie", async () => {
    const bench = new Bench({ transports: [cookieTransport()] });
    const old = await tokenOf(bench, { k: 5 });
    const { session, commit } = await bench.manager.open(requestWith({ cookie: `__Host-session=${old}` }));
    await session.signOut();
    session.remove("k");
    session.set("n", 1);
    session.set("n", undefined);
    const response = new ResponseRecorder();
    await commit(200, response);
    assert.match(response.all("set-cookie").join(), /^__Host-session=;/);
    assert.equal((await bench.manager.stats()).sessions, 0);
  });

  test("lets nothing be written while it waits for the store, and drops what waited in front of it", async () => {
    const bench = new Bench();
    const token = await bench.signIn("ann", { k: 1 });
    const gate = new Gate();
    bench.spied.before = (method) => (method === "delete" ? gate.pass() : undefined);
    const { issued } = await bench.send(token, async (session) => {
      const [committed, out] = [session.commit(), session.signOut()];
      session.set("queued", 1);
      await committed;
      await gate.reached;
      for (const write of [() => session.set("k", 3), () => session.remove("k"), () => session.update("k", plusOne)])
        assert.throws(write, { code: "ERR_SESSION_STATE", message: /Await `signOut\(\)`/ });
      gate.open();
      await out;
      await session.commit();
      assert.deepEqual([session.sid, session.keys()], [null, []]);
    });
    assert.equal(issued, undefined);
    assert.equal((await bench.manager.stats()).sessions, 0);
  });

  test("and a new session in one request: when the request fails, none is left, and the cookie is cleared", async () => {
    for (const isCommitted of [false, true]) {
      const bench = new Bench({ transports: [cookieTransport()] });
      const old = await tokenOf(bench);
      const { session, commit } = await bench.manager.open(requestWith({ cookie: `__Host-session=${old}` }));
      await session.signOut();
      session.set("k", 1);
      if (isCommitted) await session.commit();
      assert.equal(session.sid !== null, isCommitted);
      const response = new ResponseRecorder();
      await commit(500, response);
      assert.match(response.all("set-cookie").join(), /^__Host-session=;[^,]*Max-Age=0/);
      assert.equal((await bench.manager.stats()).sessions, 0);
    }
  });

  test("stands when the session that a write begins after it cannot be stored", async () => {
    const bench = new Bench({ transports: [cookieTransport()] });
    const old = await tokenOf(bench);
    bench.spied.before = (method) => (method === "create" ? assert.fail("down") : undefined);
    const { session, commit } = await bench.manager.open(requestWith({ cookie: `__Host-session=${old}` }));
    await session.signOut();
    session.set("k", 1);
    const response = new ResponseRecorder();
    await assert.rejects(async () => commit(200, response), { code: "ERR_SESSION_STORE" });
    assert.match(response.all("set-cookie").join(), /^__Host-session=;[^,]*Max-Age=0/);
    assert.equal(await bench.recordOf(old), null);
  });

  test("of a session that it began in this request ends that too, and a sign-in can keep what was written between", async () => {
    const bench = new Bench();
    const old = await bench.signIn();
    const twice = await bench.send(old, async (session) => {
      await session.signOut();
      session.set("k", 1);
      await session.commit();
      await session.signOut();
    });
    assert.deepEqual([twice.issued, (await bench.manager.stats()).sessions], [undefined, 0]);
    const { issued } = await bench.send(null, async (session) => {
      await session.signOut();
      session.set("cart", [1]);
      await session.signIn("bob", { keep: ["cart"] });
    });
    assert.deepEqual(await bench.dataOf(issued as string), { cart: [1] });
  });

  test("that other requests of the session overlap revives nothing and brings them nothing of the new one", async () => {
    const bench = new Bench();
    const old = await bench.signIn("ann", { k: 5 });
    const others = await all(3, () => openRequest(bench, old));
    for (const [index, { session }] of others.entries()) session.set(`other${index}`, 1);
    const { issued } = await bench.send(old, async (session) => {
      const first = others[0]?.finish();
      await session.signOut();
      await first;
      await others[1]?.finish();
      session.set("notice", "Bye");
      await session.commit();
      const late = await others[2]?.finish();
      assert.deepEqual(late?.all("x-session-token"), []);
    });
    assert.deepEqual(await bench.dataOf(issued as string), { notice: "Bye" });
    assert.deepEqual([await bench.recordOf(old), (await bench.manager.stats()).sessions], [null, 1]);
  });

  test("drops what an anonymous request had written before", async () => {
    const bench = new Bench();
    const { issued } = await bench.send(null, async (session) => {
      session.set("k", 1);
      await session.signOut();
    });
    assert.deepEqual([issued, bench.spied.take()], [undefined, {}]);
  });
});

describe("a session that ends while a slow request holds it", () => {
  const endings: Readonly<Record<string, (bench: Bench, token: string) => Promise<unknown>>> = {
    "by sign-out": (bench, token) => bench.send(token, (session) => session.signOut()),
    "by a sign-in": (bench, token) => bench.send(token, (session) => session.signIn("ann")),
    "by revocation": (bench, token) => bench.manager.revoke(sidOf(token)),
    "by revocation of the user": (bench) => bench.manager.revokeUser("ann"),
    "by expiry": async (bench) => {
      bench.clock.now += HOUR;
    },
    "by the sweeper": async (bench) => {
      bench.clock.now += HOUR;
      await bench.manager.sweep();
    },
    "by reuse of an old secret": async (bench, token) => {
      await bench.send(token, (session) => session.rotate());
      bench.clock.now += MINUTE;
      assert.equal(await bench.userOf(token), null);
    },
  };
  const works: Readonly<Record<string, (session: Session<Bag>) => unknown>> = {
    "only touches": () => {},
    sets: (session) => session.set("k", 1),
    updates: (session) => session.update("k", plusOne),
    removes: (session) => session.remove("k"),
    rotates: (session) => session.rotate(),
    "commits early": async (session) => {
      session.set("k", 1);
      await session.commit();
      assert.deepEqual([session.sid, session.userId, session.get("k")], [null, null, undefined]);
    },
    "writes after it knows": async (session) => {
      await session.commit();
      session.set("k", 1);
      await session.commit();
    },
  };

  for (const [ending, end] of Object.entries(endings)) {
    for (const [work, run] of Object.entries(works)) {
      test(`F3: ${ending}, stays ended although the request ${work}; nothing is sent and no cookie cleared`, async () => {
        const bench = new Bench({ transports: [headerTransport(), cookieTransport()], touch: "before" });
        const token = await bench.signIn("ann", { k: 0 });
        bench.clock.now += 2 * MINUTE; // a touch is due
        const slow = await openRequest(bench, token);
        assert.equal(slow.session.userId, "ann");
        await end(bench, token);
        const before = (await bench.manager.stats()).sessions;
        await run(slow.session);
        const response = await slow.finish();
        assert.deepEqual([response.get("x-session-token"), response.all("set-cookie")], [undefined, []]);
        assert.equal((await bench.manager.stats()).sessions, before);
        assert.equal(await bench.userOf(token), null);
        assert.equal(slow.session.userId, null);
      });
    }
  }

  test("F3: does not keep that request from signing in", async () => {
    const bench = new Bench();
    const token = await bench.signIn();
    const slow = await openRequest(bench, token);
    await bench.manager.revoke(sidOf(token));
    slow.session.set("k", 1);
    await slow.session.commit();
    await slow.session.signIn("ann");
    slow.session.set("k", 2);
    const response = await slow.finish();
    const issued = response.get("x-session-token") as string;
    assert.deepEqual([await bench.userOf(issued), await bench.dataOf(issued)], ["ann", { k: 2 }]);
  });

  test("F3: lets that request sign out, and then the cookie is cleared", async () => {
    const bench = new Bench({ transports: [cookieTransport()] });
    const first = await bench.manager.open(requestWith());
    const token = await first.session.signIn("ann");
    await first.commit(200, new ResponseRecorder());
    const { session, commit } = await bench.manager.open(requestWith({ cookie: `__Host-session=${token}` }));
    await bench.manager.revoke(sidOf(token));
    await session.commit();
    await session.signOut();
    const response = new ResponseRecorder();
    await commit(200, response);
    assert.match(response.get("set-cookie") ?? "", /Max-Age=0/);
  });

  test("F3: a rotation meanwhile keeps the slow request's write, and the slow request gets no token", async () => {
    const bench = new Bench();
    const token = await bench.signIn();
    const slow = await openRequest(bench, token);
    const { issued } = await bench.send(token, (session) => session.rotate());
    slow.session.set("k", 1);
    slow.session.rotate();
    assert.equal((await slow.finish()).get("x-session-token"), undefined);
    assert.deepEqual([await bench.userOf(issued as string), await bench.dataOf(token)], ["ann", { k: 1 }]);
    assert.equal((await bench.recordOf(token))?.rotation?.count, 1);
  });

  test("F3: a commit that is on its way when the manager closes writes nothing", async () => {
    const bench = new Bench();
    const slow = await openRequest(bench, await bench.signIn());
    slow.session.set("k", 1);
    await bench.manager.close();
    await assert.rejects(slow.finish(), { code: "ERR_SESSION_STORE" });
  });
});

describe("parallel requests", () => {
  test("F4: that update one key lose nothing", async () => {
    const bench = new Bench();
    const token = await bench.signIn();
    const requests = await all(20, () => openRequest(bench, token));
    for (const { session } of requests) session.update("n", plusOne);
    await Promise.all(requests.map(({ finish }) => finish()));
    assert.deepEqual(await bench.dataOf(token), { n: 20 });
  });

  test("F4: that write a key each keep all of them", async () => {
    const bench = new Bench();
    const token = await bench.signIn("ann", { old: 1, gone: 1 });
    const requests = await all(20, () => openRequest(bench, token));
    for (const [i, { session }] of requests.entries()) session.set(`k${i}`, i);
    requests[0]?.session.remove("gone");
    await Promise.all(requests.map(({ finish }) => finish()));
    assert.deepEqual(await bench.dataOf(token), {
      old: 1,
      ...Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`k${i}`, i])),
    });
  });

  test("F4: that set one key end with one of the values, and their other keys all stay", async () => {
    const bench = new Bench();
    const token = await bench.signIn();
    await all(20, (i) =>
      bench.send(token, (session) => {
        session.set("same", i);
        session.set(`k${i}`, i);
      }),
    );
    const data = (await bench.dataOf(token)) as Bag;
    assert.equal(Object.keys(data).length, 21);
    assert.ok(Number(data["same"]) >= 0);
  });

  test("G3: together stay within the limits, and each learns whether its write was kept", async () => {
    const bench = new Bench({ limits: { dataBytes: 300, keys: 5 } });
    const token = await bench.signIn();
    const requests = await all(20, () => openRequest(bench, token));
    for (const [i, { session }] of requests.entries()) session.set(`k${i}`, "x".repeat(20));
    const answers = await Promise.allSettled(requests.map(({ finish }) => finish()));
    const kept = answers.filter(({ status }) => status === "fulfilled").length;
    for (const answer of answers)
      if (answer.status === "rejected") assert.equal((answer.reason as { code: string }).code, "ERR_SESSION_VALUE");
    assert.equal(kept, 5);
    assert.equal(Object.keys((await bench.dataOf(token)) as Bag).length, 5);
  });
});

describe("session.commit", () => {
  test("writes at once, and shows what was stored", async () => {
    const bench = new Bench();
    const token = await bench.signIn("ann", { n: 1 });
    const slow = await openRequest(bench, token);
    await bench.send(token, (session) => {
      session.set("n", 10);
      session.set("theirs", 1);
    });
    slow.session.update("n", plusOne);
    assert.deepEqual([slow.session.get("n"), slow.session.get("theirs")], [2, undefined]);
    await slow.session.commit();
    assert.deepEqual([slow.session.get("n"), slow.session.get("theirs")], [11, 1]);
    assert.deepEqual(await bench.dataOf(token), { n: 11, theirs: 1 });
    bench.spied.take();
    await slow.finish();
    assert.deepEqual(bench.spied.take(), {}, "there is nothing left to write");
  });

  test("F4: twice at once applies an update once", async () => {
    const bench = new Bench();
    const token = await bench.signIn("ann", { n: 0 });
    await bench.send(token, async (session) => {
      session.update("n", plusOne);
      await all(5, () => session.commit());
      assert.equal(session.get("n"), 1);
    });
    assert.deepEqual(await bench.dataOf(token), { n: 1 });
  });

  test("F4: keeps what is written while it waits for the store", async () => {
    const bench = new Bench();
    const token = await bench.signIn("ann", { n: 0 });
    const gate = new Gate();
    let isFirst = true;
    bench.spied.after = (method) => {
      if (method !== "commit" || !isFirst) return undefined;
      isFirst = false;
      return gate.pass();
    };
    await bench.send(token, async (session) => {
      session.update("n", plusOne);
      session.set("early", 1);
      const committing = session.commit();
      await gate.reached;
      session.update("n", plusOne);
      session.set("late", 1);
      session.remove("early");
      assert.deepEqual([session.get("n"), session.get("late"), session.has("early")], [2, 1, false]);
      gate.open();
      await committing;
      assert.deepEqual([session.get("n"), session.get("late"), session.has("early")], [2, 1, false]);
      assert.deepEqual(await bench.dataOf(token), { n: 1, early: 1 });
    });
    assert.deepEqual(await bench.dataOf(token), { n: 2, late: 1 });
  });

  test("F4: keeps what is written while it begins an anonymous session", async () => {
    const bench = new Bench();
    const gate = new Gate();
    bench.spied.before = (method) => (method === "create" ? gate.pass() : undefined);
    const { issued } = await bench.send(null, async (session) => {
      session.set("early", 1);
      const committing = session.commit();
      await gate.reached;
      session.set("late", 1);
      gate.open();
      await committing;
    });
    assert.deepEqual(await bench.dataOf(issued as string), { early: 1, late: 1 });
    assert.equal((await bench.manager.stats()).sessions, 1);
  });

  test("F4: that fails keeps the changes for the next one, with what was written meanwhile", async () => {
    const bench = new Bench();
    const token = await bench.signIn("ann", { n: 0 });
    let failures = 1;
    bench.spied.before = (method) => {
      if (method === "commit" && failures-- > 0) throw new Error("down");
    };
    await bench.send(token, async (session) => {
      session.update("n", plusOne);
      const committing = session.commit();
      session.update("n", plusOne);
      session.set("late", 1);
      await assert.rejects(committing, { code: "ERR_SESSION_STORE" });
      assert.deepEqual([session.get("n"), session.get("late")], [2, 1]);
    });
    assert.deepEqual(await bench.dataOf(token), { n: 2, late: 1 });
  });

  test("F4: of several parts of one handler at once loses nothing", async () => {
    const bench = new Bench();
    const token = await bench.signIn("ann", { n: 0 });
    await bench.send(token, (session) =>
      all(20, async (i) => {
        session.update("n", plusOne);
        await session.commit();
        session.set(`k${i}`, i);
        await session.commit();
        session.update("n", plusOne);
      }),
    );
    const data = (await bench.dataOf(token)) as Bag;
    assert.deepEqual([data["n"], Object.keys(data).length], [40, 21]);
  });

  test("and sign-out at once: the session is over, and no request sees it any more", async () => {
    const bench = new Bench();
    const token = await bench.signIn();
    const { session, issued } = await bench.send(token, async (open) => {
      open.set("k", 1);
      await Promise.all([open.commit(), open.signOut(), open.commit()]);
      assert.equal(open.userId, null);
    });
    assert.deepEqual([session.userId, issued, await bench.recordOf(token)], [null, undefined, null]);
  });

  test("and sign-in at once: the new session is the session", async () => {
    const bench = new Bench();
    const token = await bench.signIn();
    const { session, issued } = await bench.send(token, async (open) => {
      open.set("k", 1);
      await Promise.all([open.commit(), open.signIn("bob"), open.commit()]);
      open.set("k", 2);
    });
    assert.equal(session.userId, "bob");
    assert.deepEqual([await bench.userOf(issued as string), await bench.dataOf(issued as string)], ["bob", { k: 2 }]);
    assert.equal(await bench.recordOf(token), null);
  });

  test("D6: does not rotate, because the client would not learn the new token", async () => {
    const bench = new Bench({ rotateAfter: 2 * MINUTE });
    const token = await bench.signIn();
    bench.clock.now += 2 * MINUTE;
    const slow = await openRequest(bench, token);
    slow.session.rotate();
    for (let write = 0; write < 3; write++) {
      slow.session.set("k", write);
      await slow.session.commit();
      bench.clock.now += 2 * MINUTE;
    }
    assert.equal((await bench.recordOf(token))?.rotation, null);
    const issued = (await slow.finish()).get("x-session-token") as string;
    assert.equal(await bench.userOf(issued), "ann");
    assert.equal((await bench.recordOf(token))?.rotation?.count, 1);
  });

  test("D6: and a request that then fails leave the client with a token that works", async () => {
    const bench = new Bench();
    const token = await bench.signIn();
    const { response } = await bench.send(
      token,
      async (session) => {
        session.rotate();
        session.set("k", 1);
        await session.commit();
      },
      { status: 500 },
    );
    bench.clock.now += 20_000;
    assert.equal(await bench.userOf(response.get("x-session-token") ?? token), "ann");
    assert.deepEqual(await bench.dataOf(token), { k: 1 });
  });

  test("and a request that then fails remove the session that it began", async () => {
    const bench = new Bench();
    const { issued } = await bench.send(
      null,
      async (session) => {
        session.set("k", 1);
        await session.commit();
        assert.notEqual(session.sid, null);
      },
      { status: 500 },
    );
    assert.deepEqual([issued, (await bench.manager.stats()).sessions], [undefined, 0]);
  });
});

describe("a promise of the session that the handler drops", () => {
  const down = (bench: Bench): void => {
    bench.spied.before = (method) => (method === "load" ? undefined : assert.fail("down"));
  };
  const dropped: Readonly<Record<string, { ask: (session: Session<Bag>) => unknown; code: string; isDown: boolean }>> =
    {
      "signOut of a store that is down": {
        ask: (session) => void session.signOut(),
        code: "ERR_SESSION_NOT_ENDED",
        isDown: true,
      },
      "signIn of a store that is down": {
        ask: (session) => void session.signIn("bob"),
        code: "ERR_SESSION_STORE",
        isDown: true,
      },
      "commit of a store that is down": {
        ask: (session) => {
          session.set("k", 1);
          void session.commit();
        },
        code: "ERR_SESSION_STORE",
        isDown: true,
      },
      "signIn of a number": {
        ask: (session) => void session.signIn(42 as never),
        code: "ERR_SESSION_VALUE",
        isDown: false,
      },
      "signIn beyond the limit": {
        ask: (session) => void session.signIn("full"),
        code: "ERR_SESSION_LIMIT",
        isDown: false,
      },
    };
  for (const [what, { ask, code, isDown }] of Object.entries(dropped)) {
    for (const turns of [0, 1, 10]) {
      test(`fails the response, and no process: ${what}, ${turns} turns before it`, async () => {
        const bench = new Bench({ userLimit: { max: 1, onExceeded: "refuse" } });
        await bench.signIn("full");
        const token = await bench.signIn("ann");
        const { session, commit } = await bench.open(token);
        if (isDown) down(bench);
        ask(session);
        for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate);
        const response = new ResponseRecorder();
        await assert.rejects(async () => commit(200, response), { code });
        assert.deepEqual([response.get("x-session-token"), response.get("set-cookie")], [undefined, undefined]);
        await new Promise(setImmediate); // Node ends the process here, if at all
      });
    }
  }

  test("that fails is the handler's where it waits for it, sooner or later", async () => {
    for (const wait of [
      (step: Promise<unknown>) => step.catch(() => {}),
      (step: Promise<unknown>) => Promise.allSettled([step]),
      async (step: Promise<unknown>) => {
        for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
        await assert.rejects(step, { code: "ERR_SESSION_VALUE" });
      },
      async (step: Promise<unknown>) => {
        await assert.rejects(async () => step);
      },
      (step: Promise<unknown>) => step.then(null, () => {}).finally(() => {}),
    ]) {
      const bench = new Bench();
      const { session } = await bench.send(await bench.signIn("ann"), (open) => wait(open.signIn(42 as never)));
      assert.equal(session.userId, "ann");
    }
  });

  test("that fails when the handler has answered fails the response, also where the handler waits for it", async () => {
    const bench = new Bench();
    const { session, commit } = await bench.open(await bench.signIn("ann"));
    const gate = new Gate();
    bench.spied.before = async () => {
      await gate.pass();
      assert.fail("down");
    };
    const step = session.signOut();
    const answering = Promise.resolve(commit(200, new ResponseRecorder()));
    const waiting = assert.rejects(step, { code: "ERR_SESSION_NOT_ENDED" });
    gate.open();
    await assert.rejects(answering, { code: "ERR_SESSION_NOT_ENDED" });
    await waiting;
  });

  test("that comes too late is reported, and ends no process", async () => {
    const warnings: unknown[] = [];
    const bench = new Bench({ onWarning: (message, error) => warnings.push([message, (error as Error).message]) });
    const { session } = await bench.send(await bench.signIn("ann"), () => {});
    void session.signOut();
    void session.signIn("bob");
    await assert.rejects(session.commit(), { code: "ERR_SESSION_STATE" });
    await new Promise((resolve) => setTimeout(resolve));
    await new Promise((resolve) => setTimeout(resolve));
    const late = (what: string): string => `It is too late to ${what}: the response has left. Do it before answering.`;
    const message = "A session was used after its response had left:";
    assert.deepEqual(warnings, [
      [message, late("sign out")],
      [message, late("sign in")],
    ]);
  });

  test("is as good as any other promise where it is fulfilled", async () => {
    const bench = new Bench();
    await bench.send(null, async (session) => {
      const step = session.signIn("ann");
      assert.ok(step instanceof Promise);
      const [token, again] = await Promise.all([step, step.then((text) => text)]);
      assert.equal(await step, token);
      assert.equal(again, token);
      assert.equal(await Promise.race([step, new Promise(() => {})]), token);
    });
  });
});

describe("the end of a request", () => {
  test("comes once: a second commit writes and sends nothing, and waits for the first", async () => {
    const bench = new Bench();
    const token = await bench.signIn();
    const gate = new Gate();
    bench.spied.before = (method) => (method === "commit" ? gate.pass() : undefined);
    const { session, commit } = await bench.open(token);
    session.set("k", 1);
    const [first, second] = [new ResponseRecorder(), new ResponseRecorder()];
    let isBack = false;
    const settling = [commit(200, first), commit(500, second)].map((answering) => Promise.resolve(answering));
    void settling[1]?.then(() => (isBack = true));
    await gate.reached;
    for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate);
    assert.equal(isBack, false);
    gate.open();
    await Promise.all(settling);
    assert.deepEqual([isBack, await bench.dataOf(token), second.lines], [true, { k: 1 }, []]);
  });

  test("that only read is nothing to wait for: its headers are set when the commit returns", async () => {
    const bench = new Bench();
    const { session, commit } = await bench.open(await bench.signIn());
    assert.equal(session.userId, "ann");
    const [first, second] = [new ResponseRecorder(), new ResponseRecorder()];
    const nothing = { newToken: null, cleared: false };
    assert.deepEqual([commit(200, first), first.get("cache-control")], [nothing, "no-store"]);
    assert.deepEqual([commit(200, second), second.lines], [nothing, []]);
  });

  test("that failed does not fail again", async () => {
    const bench = new Bench();
    const { session, commit } = await bench.open(await bench.signIn());
    session.set("k", 1);
    bench.spied.before = () => assert.fail("down");
    await assert.rejects(async () => commit(200, new ResponseRecorder()), { code: "ERR_SESSION_STORE" });
    await commit(503, new ResponseRecorder());
  });

  test("makes every call that would change something an error, and leaves reading", async () => {
    const bench = new Bench();
    const { session } = await bench.send(await bench.signIn("ann", { k: 1 }), (open) => open.get("k"));
    bench.spied.take();
    const late = { code: "ERR_SESSION_STATE" };
    assert.throws(() => session.set("k", 2), late);
    assert.throws(() => session.remove("k"), late);
    assert.throws(() => session.update("k", plusOne), late);
    assert.throws(() => session.rotate(), late);
    await assert.rejects(session.signIn("bob"), late);
    await assert.rejects(session.signOut(), late);
    await assert.rejects(session.commit(), late);
    assert.deepEqual([session.userId, session.get("k"), bench.spied.take()], ["ann", 1, {}]);
  });

  test("N1: no error of any path names a token, a digest, a secret or data", async () => {
    const bench = new Bench({
      transports: [headerTransport(), cookieTransport()],
      limits: { dataBytes: 200, keys: 3 },
      userLimit: { max: 1, onExceeded: "refuse" },
    });
    const token = await bench.signIn("ann", { k: "private-data" });
    const record = await bench.recordOf(token);
    const errors: unknown[] = [];
    const attempt = async (run: () => unknown): Promise<void> => {
      try {
        await run();
        assert.fail("it must fail");
      } catch (error) {
        errors.push(error);
      }
    };
    const private_ = "private-data";
    await attempt(() =>
      bench.manager.open(requestWith({ "x-session-token": token, cookie: `__Host-session=${token}x` })),
    );
    await attempt(() =>
      bench.manager.open(requestWith({ cookie: `__Host-session=${token}`, "sec-fetch-site": "cross-site" })),
    );
    await attempt(() => bench.send(token, (session) => session.set("k", private_.repeat(50))));
    await attempt(() => bench.send(token, (session) => session.set("k", new Map([[private_, private_]]) as never)));
    await attempt(() =>
      bench.send(token, (session) => ["a", "b", "c"].forEach((key) => void session.set(key, private_))),
    );
    await attempt(() => bench.send(token, (session) => session.set("k", `${private_}\ud800`)));
    await attempt(() => bench.send(token, (session) => session.update("k", (async () => private_) as never)));
    await attempt(() => bench.send(null, (session) => session.signIn("ann")));
    await attempt(() => bench.send(null, (session) => session.requireFresh(1)));
    await attempt(() => bench.send(null, (session) => session.signIn("bob", { data: { [`${private_}\ud800`]: 1 } })));
    const { session } = await bench.send(token, () => {});
    await attempt(() => session.set("k", private_));
    bench.spied.before = () => assert.fail("down");
    await attempt(() => bench.open(token));
    assert.equal(errors.length, 12);
    for (const error of errors) {
      const text = `${(error as Error).message} ${JSON.stringify({ ...(error as object), cause: undefined })}`;
      for (const secret of [token, token.slice(26, 70), record?.secretDigest, private_])
        assert.ok(!text.includes(secret as string), text);
    }
  });
});
