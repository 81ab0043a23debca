// Flash messages: shown on the next page that the user sees, whatever happens beside it.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Json, memoryStore, type Session } from "sessile";
import type { DataSchema } from "#dist/core/data.js";
import { type Bag, Bench, Gate, ResponseRecorder, requestWith } from "../support/requests.ts";

type Handler<Result> = (session: Session<Bag>) => Result;

const saved: Handler<void> = (session) => session.flash("notice", "Saved");
const take: Handler<Json[]> = (session) => session.takeFlash("notice");

/** The messages that a page of this status shows. */
async function shown(bench: Bench, token: string | null, status = 200): Promise<Json[]> {
  return (await bench.send(token, take, { status })).result;
}

describe("a flash message", () => {
  test("is shown on the next page, and on no other", async () => {
    const bench = new Bench();
    const token = await bench.signIn();
    await bench.send(token, saved, { status: 303 });
    assert.deepEqual(await shown(bench, token), ["Saved"]);
    assert.deepEqual(await shown(bench, token), []);
    assert.deepEqual(await bench.dataOf(token), {});
  });

  for (const status of [204, 299, 400, 404, 422, 499])
    test(`is removed by a response of ${status}, which takes it`, async () => {
      const bench = new Bench();
      const token = await bench.signIn();
      await bench.send(token, saved);
      assert.deepEqual(await shown(bench, token, status), ["Saved"]);
      assert.deepEqual(await shown(bench, token), []);
    });

  for (const status of [101, 301, 303, 304, 500, 503])
    test(`stays when a response of ${status} takes it`, async () => {
      const bench = new Bench();
      const token = await bench.signIn();
      await bench.send(token, saved);
      assert.deepEqual(await shown(bench, token, status), ["Saved"]);
      assert.deepEqual(await shown(bench, token), ["Saved"]);
    });

  test("stays when a HEAD request takes it, whose answer shows nothing", async () => {
    const bench = new Bench();
    const token = await bench.signIn();
    await bench.send(token, saved);
    const { session, commit } = await bench.manager.open(requestWith({ "x-session-token": token }, { method: "HEAD" }));
    assert.deepEqual(take(session), ["Saved"]);
    await commit(200, new ResponseRecorder());
    assert.deepEqual(await shown(bench, token), ["Saved"]);
  });

  test("stays when the handler that took it throws", async () => {
    const bench = new Bench();
    const token = await bench.signIn();
    await bench.send(token, saved);
    const broken: Handler<never> = (session) => {
      take(session);
      throw new Error("broken");
    };
    await assert.rejects(bench.send(token, broken), { message: "broken" });
    assert.deepEqual(await shown(bench, token), ["Saved"]);
  });

  test("stays when the store does not answer the page that took it", async () => {
    const bench = new Bench();
    const token = await bench.signIn();
    await bench.send(token, saved);
    bench.spied.before = (method) => {
      if (method === "commit") throw new Error("down");
    };
    await assert.rejects(bench.send(token, take), { code: "ERR_SESSION_STORE" });
    bench.spied.before = () => {};
    assert.deepEqual(await shown(bench, token), ["Saved"]);
  });

  test("is one of a list, in the order in which they were made, each kind for itself", async () => {
    const bench = new Bench();
    const token = await bench.signIn();
    await bench.send(token, (session) => {
      session.flash("notice", "1");
      session.flash("error", { code: 7 });
    });
    await bench.send(token, (session) => session.flash("notice", "2"));
    assert.deepEqual(await shown(bench, token), ["1", "2"]);
    const { result } = await bench.send(token, (session) => session.takeFlash("error"));
    assert.deepEqual(result, [{ code: 7 }]);
  });

  test("can be taken by the request that made it, once", async () => {
    const bench = new Bench();
    const token = await bench.signIn();
    const both: Handler<Json[][]> = (session) => {
      saved(session);
      return [take(session), take(session)];
    };
    assert.deepEqual((await bench.send(token, both)).result, [["Saved"], []]);
    assert.deepEqual(await shown(bench, token), []);
    assert.deepEqual((await bench.send(token, both, { status: 303 })).result, [["Saved"], []]);
    assert.deepEqual(await shown(bench, token), ["Saved"], "the redirect showed it to no one");
  });

  test("costs a page that finds none no write", async () => {
    const bench = new Bench();
    const token = await bench.signIn();
    bench.spied.take();
    await shown(bench, token);
    assert.deepEqual(bench.spied.take(), { load: 1 });
    await shown(bench, null);
    assert.deepEqual(bench.spied.take(), {});
  });

  test("begins an anonymous session where there is none", async () => {
    const bench = new Bench();
    const { issued = null } = await bench.send(null, saved, { status: 303 });
    assert.deepEqual(await shown(bench, issued), ["Saved"]);
    assert.equal((await bench.send(null, saved, { status: 500 })).issued, undefined);
  });

  test("is hidden from the data, and its keys are refused there", async () => {
    const bench = new Bench();
    const token = await bench.signIn("ann", { a: 1 });
    await bench.send(token, saved);
    const { session } = await bench.send(token, () => {});
    assert.deepEqual([session.keys(), JSON.parse(JSON.stringify(session)).keys], [["a"], ["a"]]);
    assert.deepEqual((await bench.manager.find(session.sid ?? "", { data: true }))?.data, { a: 1 });
    await bench.send(token, (open) => {
      assert.throws(() => open.set("~flash.a", 1), { code: "ERR_SESSION_VALUE" });
      assert.throws(() => open.update("~flash.a", () => 1), { code: "ERR_SESSION_VALUE" });
    });
    const forged = bench.send(token, (open) => open.signIn("ann", { data: { "~flash.a": 1 } }));
    await assert.rejects(forged, { code: "ERR_SESSION_VALUE" });
  });

  test("is no concern of the application's schema, however strict", async () => {
    const schema: DataSchema = {
      "~standard": {
        version: 1,
        vendor: "test",
        validate: (value) =>
          Object.keys(value as object).every((key) => key === "a")
            ? { value }
            : { issues: [{ message: "unknown key" }] },
      },
    };
    const bench = new Bench({ schema } as never);
    const token = await bench.signIn("ann", { a: 1 });
    await bench.send(token, saved);
    await bench.send(token, (session) => session.update("a", (a) => Number(a) + 1));
    assert.deepEqual(await shown(bench, token), ["Saved"]);
    assert.deepEqual(await bench.dataOf(token), { a: 2 });
  });

  test("must be JSON, and only the last 20 are kept", async () => {
    const bench = new Bench();
    const token = await bench.signIn();
    await bench.send(token, (session) => {
      assert.throws(() => session.flash("notice", undefined as never), { code: "ERR_SESSION_VALUE" });
      assert.throws(() => session.flash("notice", new Map() as never), {
        code: "ERR_SESSION_VALUE",
        message: /notice/,
      });
      assert.throws(() => session.flash(7 as never, ""), { code: "ERR_SESSION_VALUE" });
    });
    for (let n = 0; n < 30; n++) await bench.send(token, (session) => session.flash(n % 2 ? "odd" : "notice", n));
    assert.deepEqual(await shown(bench, token), [10, 12, 14, 16, 18, 20, 22, 24, 26, 28]);
  });

  test("of before a sign-in reaches the page after it, and so does one of after it", async () => {
    for (const before of [null, "anonymous", "other user"]) {
      const bench = new Bench();
      const token = before === "other user" ? await bench.signIn("bob") : null;
      const anonymous = (await bench.send(null, (session) => session.set("cart", 1))).issued ?? null;
      const { issued = null } = await bench.send(
        before === "anonymous" ? anonymous : token,
        async (session) => {
          session.set("gone", 1);
          session.flash("notice", "Hello");
          await session.signIn("ann");
          session.flash("notice", "Welcome");
        },
        { status: 303 },
      );
      assert.deepEqual(await shown(bench, issued), ["Hello", "Welcome"], String(before));
      assert.deepEqual(await bench.dataOf(issued ?? ""), {});
    }
  });

  test("that was taken before a sign-in is not returned again after it, and goes with the page that shows it", async () => {
    for (const status of [200, 303]) {
      const bench = new Bench();
      const token = (await bench.send(null, (session) => session.flash("notice", "Old"))).issued ?? null;
      const { issued = null } = await bench.send(
        token,
        async (session) => {
          assert.deepEqual(take(session), ["Old"]);
          saved(session);
          assert.deepEqual(take(session), ["Saved"]);
          await session.signIn("ann");
          assert.deepEqual(take(session), []);
        },
        { status },
      );
      assert.deepEqual(await shown(bench, issued), status === 200 ? [] : ["Saved"]);
    }
  });

  test("that was taken from the session before a sign-in costs no write", async () => {
    const bench = new Bench();
    const { issued = null } = await bench.send(null, saved);
    bench.spied.take();
    await bench.send(issued, async (session) => {
      take(session);
      await session.signIn("ann");
    });
    assert.deepEqual(bench.spied.take(), { load: 1, delete: 1, create: 1 });
  });

  test("that the session before a sign-in had not shown does not pass over to the user", async () => {
    const bench = new Bench();
    const { issued = null } = await bench.send(null, saved);
    const { issued: next = null } = await bench.send(issued, (session) => session.signIn("ann"));
    assert.deepEqual(await shown(bench, next), []);
  });

  test("goes with a session that is signed out or revoked meanwhile, and revives none", async () => {
    for (const end of ["signOut", "revoke"] as const) {
      const bench = new Bench();
      const token = await bench.signIn();
      await bench.send(token, saved);
      const { session, commit } = await bench.open(token);
      assert.deepEqual(take(session), ["Saved"]);
      saved(session);
      if (end === "signOut") await bench.send(token, (other) => other.signOut());
      else await bench.manager.revoke(session.sid ?? "");
      const response = new ResponseRecorder();
      await commit(200, response);
      assert.equal(response.get("x-session-token"), undefined);
      assert.equal((await bench.manager.stats()).sessions, 0);
    }
  });

  test("survives a rotation that happens while it is made and taken", async () => {
    const bench = new Bench();
    const token = await bench.signIn();
    const { issued: next = null } = await bench.send(token, (session) => {
      saved(session);
      session.rotate();
    });
    const { session, commit } = await bench.open(next);
    const messages = take(session);
    await bench.send(next, (other) => other.rotate());
    await commit(200, new ResponseRecorder());
    assert.deepEqual([messages, await bench.dataOf(next ?? "")], [["Saved"], {}]);
  });

  test("cannot be taken or made when the response has left", async () => {
    const bench = new Bench();
    const { session } = await bench.send(await bench.signIn(), () => {});
    assert.throws(() => take(session), { code: "ERR_SESSION_STATE" });
    assert.throws(() => saved(session), { code: "ERR_SESSION_STATE" });
  });
});

describe("flash messages of parallel requests", () => {
  for (const showsCopies of [true, false]) {
    test(`are all kept, ${showsCopies ? "with" : "without"} copies`, async () => {
      const bench = new Bench();
      bench.spied.showsCopies = showsCopies;
      const token = await bench.signIn();
      const opened = await Promise.all(Array.from({ length: 10 }, () => bench.open(token)));
      for (const [n, { session }] of opened.entries()) session.flash("notice", n);
      await Promise.all(opened.map(async ({ commit }) => commit(303, new ResponseRecorder())));
      assert.deepEqual((await shown(bench, token)).toSorted(), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    });
  }

  test("are shown by two pages at once at most, and then by none", async () => {
    const bench = new Bench();
    const token = await bench.signIn();
    await bench.send(token, saved);
    const pages = await Promise.all([bench.open(token), bench.open(token)]);
    assert.deepEqual(
      pages.map(({ session }) => take(session)),
      [["Saved"], ["Saved"]],
    );
    await Promise.all(pages.map(async ({ commit }) => commit(200, new ResponseRecorder())));
    assert.deepEqual(await shown(bench, token), []);
  });

  test("stay when they were added while a page took the others, before and after its write", async () => {
    for (const moment of ["before", "after"] as const) {
      const bench = new Bench({ store: memoryStore() });
      const token = await bench.signIn();
      await bench.send(token, saved);
      const gate = new Gate();
      let isFirst = true;
      bench.spied[moment] = (method) => {
        if (method !== "commit" || !isFirst) return undefined;
        isFirst = false;
        return gate.pass();
      };
      const page = bench.send(token, take);
      await gate.reached;
      await bench.send(token, (session) => session.flash("notice", "Meanwhile"), { status: 303 });
      gate.open();
      assert.deepEqual((await page).result, ["Saved"]);
      assert.deepEqual(await shown(bench, token), ["Meanwhile"], moment);
    }
  });

  test("stay when the page that takes others has to write again because of an update", async () => {
    const bench = new Bench();
    const token = await bench.signIn();
    await bench.send(token, saved);
    const { session, commit } = await bench.open(token);
    session.update("n", (n) => Number(n ?? 0) + 1);
    assert.deepEqual(take(session), ["Saved"]);
    await bench.send(token, (other) => {
      other.update("n", (n) => Number(n ?? 0) + 1);
      other.flash("notice", "Meanwhile");
    });
    await commit(200, new ResponseRecorder());
    assert.deepEqual(await shown(bench, token), ["Meanwhile"]);
    assert.deepEqual(await bench.dataOf(token), { n: 2 });
  });

  test("are removed once, also when the handler commits before it answers", async () => {
    const bench = new Bench();
    const token = await bench.signIn();
    await bench.send(token, saved);
    await bench.send(token, async (session) => {
      assert.deepEqual(take(session), ["Saved"]);
      session.flash("notice", "Later");
      await session.commit();
      assert.deepEqual(take(session), ["Later"]);
      session.flash("notice", "Last");
    });
    assert.deepEqual(await shown(bench, token), ["Last"]);
  });
});
