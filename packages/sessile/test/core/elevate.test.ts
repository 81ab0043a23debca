// Step-up: the user of a session proves again who they are, and the session goes on with a new token.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { SessionManager } from "sessile";
import { withSession } from "sessile/web";
import { Bench, Gate, ResponseRecorder, sidOf } from "../support/requests.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** A session that was signed in an hour ago. */
async function signedIn(bench = new Bench({ idleTimeout: 2 * HOUR })) {
  const token = await bench.signIn("ann", { cart: 1 });
  bench.clock.now += HOUR;
  bench.takeEvents();
  return { bench, token };
}

async function elevated(bench: Bench, token: string): Promise<string> {
  return (await bench.send(token, (session) => session.elevate({ for: "ann" }))).issued as string;
}

/** Whether a request with this token passes as fresh. */
async function isFresh(bench: Bench, token: string | null): Promise<boolean> {
  const fresh = bench.send(token, (session) => session.requireFresh(MINUTE));
  return fresh.then(
    () => true,
    (error: unknown) => {
      assert.equal((error as { code: string }).code, "ERR_SESSION_STALE");
      return false;
    },
  );
}

describe("an elevation", () => {
  test("makes the same session fresh, in this request and later, with a new token", async () => {
    const { bench, token } = await signedIn();
    const before = await bench.recordOf(token);
    const { issued = null, session } = await bench.send(token, async (open) => {
      assert.throws(() => open.requireFresh(MINUTE), { code: "ERR_SESSION_STALE" });
      await open.elevate({ for: "ann", method: "passkey" });
      open.requireFresh(MINUTE);
      assert.equal(open.authenticatedAt, bench.clock.now);
    });
    assert.notEqual(issued, token);
    assert.ok(await isFresh(bench, issued));
    const { sid, userId, createdAt, absoluteExpiresAt, data, version } = (await bench.recordOf(token)) ?? {};
    assert.deepEqual({ ...before, sid, userId, createdAt, absoluteExpiresAt, data, version }, before);
    assert.equal(session.sid, sidOf(token));
    assert.deepEqual(
      (await bench.manager.list("ann")).sessions.map((info) => [info.sid, info.authenticatedAt]),
      [[sid, bench.clock.now]],
    );
    const [[, rotated] = [], [name, event] = []] = bench.events.splice(0);
    assert.equal((rotated as { sid?: string } | undefined)?.sid, sid);
    assert.deepEqual([name, event], ["elevated", { sid, userId: "ann", at: bench.clock.now, method: "passkey" }]);
  });

  test("is stored when it resolves, in one write, and stays although the request fails afterwards", async () => {
    const { bench, token } = await signedIn();
    bench.spied.take();
    const { session, commit } = await bench.open(token);
    session.set("gone", 1);
    await session.elevate({ for: "ann" });
    assert.equal((await bench.recordOf(token))?.authenticatedAt, bench.clock.now);
    const response = new ResponseRecorder();
    await commit(500, response);
    const next = response.get("x-session-token") as string;
    assert.ok(await isFresh(bench, next));
    assert.deepEqual([bench.spied.take().commit, await bench.dataOf(token)], [1, { cart: 1 }]);
  });

  test("makes no token from before fresh, which goes on for its grace, and then ends the session", async () => {
    const { bench, token } = await signedIn();
    const next = await elevated(bench, token);
    assert.equal(await isFresh(bench, token), false, "a copy of the token gains nothing");
    assert.equal(await bench.userOf(token), "ann");
    bench.clock.now += MINUTE;
    assert.equal(await bench.userOf(token), null);
    assert.equal(await bench.userOf(next), null, "a token that was replaced was used: two hold the session");
  });

  test("leaves a token fresh that was exchanged for another by the usual rotation since", async () => {
    const { bench, token } = await signedIn(new Bench({ idleTimeout: 2 * HOUR, rotateAfter: 2 * MINUTE }));
    const next = await elevated(bench, token);
    bench.clock.now += 2 * MINUTE;
    const { issued: offered = null } = await bench.send(next, () => {});
    bench.clock.now += MINUTE;
    await bench.send(offered, () => {});
    const fresh = await bench.send(next, (session) => session.requireFresh(HOUR));
    assert.equal(fresh.session.authenticatedAt, bench.clock.now - 3 * MINUTE);
  });

  test("shuts out the holder of a copy who has exchanged it meanwhile", async () => {
    const { bench, token } = await signedIn();
    const { issued: stolen = null } = await bench.send(token, (session) => session.rotate());
    const next = await elevated(bench, token); // still in its grace
    assert.ok(await isFresh(bench, next));
    assert.equal(await isFresh(bench, stolen), false);
    bench.clock.now += MINUTE;
    assert.equal(await bench.userOf(next), "ann");
  });

  test("is refused for another user, for no user, and for ids and methods that are none", async () => {
    const { bench, token } = await signedIn();
    await bench.send(token, async (session) => {
      await assert.rejects(session.elevate({ for: "bob" }), { code: "ERR_SESSION_STALE", statusCode: 403 });
      await assert.rejects(session.elevate({ for: 7 as never }), { code: "ERR_SESSION_VALUE" });
      await assert.rejects(session.elevate({ for: "ann", method: 7 as never }), { code: "ERR_SESSION_VALUE" });
      assert.throws(() => session.requireFresh(MINUTE), { code: "ERR_SESSION_STALE" });
    });
    const { issued: anonymous = null } = await bench.send(null, (session) => session.set("a", 1));
    for (const nobody of [null, anonymous])
      await bench.send(nobody, (session) =>
        assert.rejects(session.elevate({ for: "ann" }), { code: "ERR_SESSION_REQUIRED", statusCode: 401 }),
      );
    assert.deepEqual(bench.takeEvents(), ["created"]);
  });

  test("is a 403 for another user and a 401 for none, where the handler does not catch it", async () => {
    const { bench, token } = await signedIn();
    const handle = withSession(bench.manager as unknown as SessionManager, async (_request, session) => {
      await session.elevate({ for: "bob" });
      return new Response();
    });
    const asked = (headers: Record<string, string>) => handle(new Request("http://localhost/", { headers }));
    assert.equal((await asked({ "x-session-token": token })).status, 403);
    assert.equal((await asked({})).status, 401);
  });

  test("that the store does not answer is a 503, and nothing is fresher", async () => {
    const { bench, token } = await signedIn();
    bench.spied.before = (method) => {
      if (method === "commit") throw new Error("down");
    };
    const { session, commit } = await bench.open(token);
    const before = session.authenticatedAt;
    await assert.rejects(session.elevate({ for: "ann" }), { code: "ERR_SESSION_STORE", statusCode: 503 });
    assert.equal(session.authenticatedAt, before);
    assert.throws(() => session.requireFresh(MINUTE), { code: "ERR_SESSION_STALE" });
    bench.spied.before = () => {};
    await commit(200, new ResponseRecorder());
    assert.equal(await isFresh(bench, token), false);
    assert.ok(await isFresh(bench, await elevated(bench, token)));
  });

  test("that the handler does not wait for is waited for by the response", async () => {
    const { bench, token } = await signedIn();
    const { issued = null } = await bench.send(token, (session) => void session.elevate({ for: "ann" }));
    assert.ok(await isFresh(bench, issued));
    const dropped = bench.send(token, (session) => void session.elevate({ for: "bob" }));
    await assert.rejects(dropped, { code: "ERR_SESSION_STALE" });
    const { session } = await bench.send(issued, () => {});
    await assert.rejects(session.elevate({ for: "ann" }), { code: "ERR_SESSION_STATE" });
  });

  test("keeps open connections open", async () => {
    const { bench, token } = await signedIn();
    let times = 0;
    await bench.send(token, (session) => session.onEnded(() => times++));
    const next = await elevated(bench, token);
    assert.equal(times, 0);
    await bench.send(next, (session) => session.signOut());
    assert.equal(times, 1);
  });

  test("keeps what the request writes, before, during and after it, and loses no update of others", async () => {
    const { bench, token } = await signedIn();
    await bench.send(token, async (session) => {
      session.update("cart", (n) => Number(n) + 1);
      await bench.send(token, (other) => other.update("cart", (n) => Number(n) + 1));
      const done = session.elevate({ for: "ann" });
      session.set("during", 1);
      await done;
      assert.equal(session.get("cart"), 3);
      session.rotate();
      session.set("after", 1);
    });
    assert.deepEqual(await bench.dataOf(token), { cart: 3, during: 1, after: 1 });
    assert.equal((await bench.recordOf(token))?.rotation?.count, 1, "one new token is enough");
  });

  test("of a session that this request began, or elevated before, replaces no token that is on its way", async () => {
    const bench = new Bench();
    const { issued = null, result } = await bench.send(null, async (session) => {
      const token = await session.signIn("ann");
      bench.clock.now += MINUTE;
      await session.elevate({ for: "ann" });
      session.requireFresh(1);
      return token;
    });
    assert.equal(issued, result);
    const twice = await bench.send(issued, async (session) => {
      await session.elevate({ for: "ann" });
      await session.elevate({ for: "ann" });
    });
    assert.ok(await isFresh(bench, twice.issued ?? null));
    assert.equal(await bench.userOf(issued ?? ""), "ann", "the token before is in its grace");
  });
});

describe("an elevation meanwhile", () => {
  for (const end of ["sign-out", "revocation", "revocation of the user", "cap"] as const)
    for (const moment of ["before", "after"] as const)
      test(`and a ${end} ${moment} its write leave no session, and no token`, async () => {
        const { bench, token } = await signedIn(
          new Bench({ idleTimeout: 2 * HOUR, userLimit: { max: 1, onExceeded: "evictOldest" } }),
        );
        const gate = new Gate();
        bench.spied[moment] = (method) => {
          if (method !== "commit") return undefined;
          bench.spied[moment] = () => {};
          return gate.pass();
        };
        const { session, commit } = await bench.open(token);
        const done = session.elevate({ for: "ann" }).then(
          () => "elevated",
          (error: { code: string }) => error.code,
        );
        await gate.reached;
        if (end === "sign-out") await bench.send(token, (other) => other.signOut());
        else if (end === "revocation") await bench.manager.revoke(sidOf(token));
        else if (end === "cap") await bench.signIn("ann");
        else await bench.manager.revokeUser("ann");
        gate.open();
        assert.equal(await done, moment === "before" ? "ERR_SESSION_REQUIRED" : "elevated");
        await commit(200, new ResponseRecorder());
        assert.equal(await bench.recordOf(token), null);
        const sessions = (await bench.manager.list("ann")).sessions;
        assert.equal(sessions.length, end === "cap" ? 1 : 0);
      });

  test("after a sign-out of this request that the store did not confirm, is refused", async () => {
    const { bench, token } = await signedIn();
    bench.spied.before = (method) => {
      if (method === "delete") throw new Error("down");
    };
    const { session, commit } = await bench.open(token);
    await assert.rejects(session.signOut(), { code: "ERR_SESSION_NOT_ENDED" });
    await assert.rejects(session.elevate({ for: "ann" }), { code: "ERR_SESSION_REQUIRED" });
    assert.throws(() => session.set("a", 1), { code: "ERR_SESSION_STATE" }, "a write that would be dropped");
    await commit(200, new ResponseRecorder());
    assert.equal((await bench.recordOf(token))?.authenticatedAt, bench.clock.now - HOUR);
    bench.spied.before = () => {};
    await bench.manager.close();
  });

  test("and a second one both succeed; the later token is the current one, and no request in flight is a theft", async () => {
    const { bench, token } = await signedIn();
    const [first, second] = [await bench.open(token), await bench.open(token)];
    await first.session.elevate({ for: "ann" });
    bench.clock.now += 1;
    await second.session.elevate({ for: "ann" });
    const tokens: string[] = [];
    for (const { session, commit } of [first, second]) {
      const response = new ResponseRecorder();
      session.requireFresh(MINUTE);
      await commit(200, response);
      tokens.push(response.get("x-session-token") as string);
    }
    for (const good of [token, ...tokens]) assert.equal(await bench.userOf(good), "ann");
    assert.deepEqual(await Promise.all(tokens.map((each) => isFresh(bench, each))), [false, true]);
    bench.clock.now += MINUTE;
    assert.equal(await bench.userOf(tokens[1] ?? ""), "ann");
  });

  test("and a rotation make one line of tokens, whichever is first", async () => {
    const { bench, token } = await signedIn();
    const [elevating, rotating] = [await bench.open(token), await bench.open(token)];
    rotating.session.rotate();
    const [lost, next] = [new ResponseRecorder(), new ResponseRecorder()];
    await elevating.session.elevate({ for: "ann" });
    await rotating.commit(200, lost);
    await elevating.commit(200, next);
    assert.equal(lost.get("x-session-token"), undefined, "the rotation lost to the elevation");
    bench.clock.now += MINUTE;
    assert.equal(await bench.userOf(next.get("x-session-token") ?? ""), "ann");
  });

  test("ends an open offer: neither it nor the token before is fresh, and both go on for the grace", async () => {
    const { bench, token } = await signedIn(new Bench({ idleTimeout: 2 * HOUR, rotateAfter: 2 * MINUTE }));
    const { issued: offered = null } = await bench.send(token, () => {});
    const next = await elevated(bench, offered ?? "");
    assert.deepEqual(
      [await isFresh(bench, token), await isFresh(bench, offered), await isFresh(bench, next)],
      [false, false, true],
    );
  });

  test("in another process is refused when the session was given to another user", async () => {
    const { bench, token } = await signedIn();
    const { session, commit } = await bench.open(token);
    await bench.spied.inner.commit(sidOf(token), { at: bench.clock.now, owner: "bob" });
    await assert.rejects(session.elevate({ for: "ann" }), { code: "ERR_SESSION_REQUIRED" });
    await commit(200, new ResponseRecorder());
    assert.equal((await bench.recordOf(token))?.userId, "bob");
  });
});
