// Conflicts: what happens when others write between load and commit.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Bench } from "../support/requests.ts";

const MINUTE = 60_000;

/** Lets `write` happen to the session before each of the next `times` commits reaches the store. */
function interfere(bench: Bench, sid: string, times: number, write: (n: number) => Record<string, number>): void {
  let left = times;
  bench.spied.before = async (method) => {
    if (method !== "commit" || left === 0) return;
    const n = times - left--;
    await bench.spied.inner.commit(sid, { at: bench.clock.now, set: write(n) });
  };
}

test("F4: an update runs again on what was written meanwhile, once per conflict", async () => {
  const bench = new Bench();
  const token = await bench.signIn("ann", { n: 0 });
  const seen: unknown[] = [];
  await bench.send(token, (session) => {
    interfere(bench, session.sid as string, 3, (n) => ({ n: (n + 1) * 100 }));
    session.update("n", (n) => {
      seen.push(n);
      return Number(n) + 1;
    });
  });
  assert.deepEqual(seen, [0, 100, 200, 300]);
  assert.deepEqual(await bench.dataOf(token), { n: 301 });
});

test("F4: a set needs no second attempt, whatever was written meanwhile", async () => {
  const bench = new Bench();
  const token = await bench.signIn("ann", { n: 0 });
  await bench.send(token, (session) => {
    interfere(bench, session.sid as string, 1, () => ({ theirs: 1, n: 5 }));
    bench.spied.take();
    session.set("mine", 1);
  });
  assert.deepEqual(bench.spied.take(), { commit: 1 });
  assert.deepEqual(await bench.dataOf(token), { n: 5, mine: 1, theirs: 1 });
});

test("F4: an update of one key runs again when only another one was written, and keeps that", async () => {
  const bench = new Bench();
  const token = await bench.signIn("ann", { n: 1 });
  await bench.send(token, (session) => {
    interfere(bench, session.sid as string, 2, (n) => ({ [`other${n}`]: n }));
    session.update("n", (n) => Number(n) + 1);
  });
  assert.deepEqual(await bench.dataOf(token), { n: 2, other0: 0, other1: 1 });
});

test("an update that throws when it runs again fails the request and writes nothing", async () => {
  const bench = new Bench();
  const token = await bench.signIn("ann", { balance: 10 });
  await assert.rejects(
    bench.send(token, (session) => {
      interfere(bench, session.sid as string, 1, () => ({ balance: 0 }));
      session.set("paid", true);
      session.update("balance", (balance) => {
        if (Number(balance) < 5) throw new Error("not enough");
        return Number(balance) - 5;
      });
    }),
    /not enough/,
  );
  assert.deepEqual(await bench.dataOf(token), { balance: 0 });
});

test("G4: an update that gives something that is no JSON when it runs again is refused", async () => {
  const bench = new Bench();
  const token = await bench.signIn("ann", { n: 1 });
  await assert.rejects(
    bench.send(token, (session) => {
      interfere(bench, session.sid as string, 1, () => ({ n: 0 }));
      session.update("n", (n) => 1 / Number(n));
    }),
    { code: "ERR_SESSION_VALUE" },
  );
  assert.deepEqual(await bench.dataOf(token), { n: 0 });
});

test("an update and a rotation in one request happen together, in spite of conflicts", async () => {
  const bench = new Bench();
  const token = await bench.signIn("ann", { n: 0 });
  const { issued } = await bench.send(token, (session) => {
    interfere(bench, session.sid as string, 2, (n) => ({ n: n + 10 }));
    session.update("n", (n) => Number(n) + 1);
    session.rotate();
  });
  assert.deepEqual([await bench.userOf(issued as string), await bench.dataOf(token)], ["ann", { n: 12 }]);
  assert.equal((await bench.recordOf(token))?.rotation?.count, 1);
});

test("D7: a rotation that lost to another keeps the data it came with and sends no token", async () => {
  const bench = new Bench();
  const token = await bench.signIn("ann", { n: 0 });
  const { commit, session } = await bench.open(token);
  session.rotate();
  session.update("n", (n) => Number(n) + 1);
  const { issued } = await bench.send(token, (other) => {
    other.rotate();
    other.update("n", (n) => Number(n) + 1);
  });
  const names: string[] = [];
  await commit(200, { get: () => undefined, set: (name) => names.push(name), append: (name) => names.push(name) });
  assert.ok(!names.includes("x-session-token"));
  assert.deepEqual([await bench.userOf(issued as string), await bench.dataOf(token)], ["ann", { n: 2 }]);
});

test("a session that ends between two attempts is gone, and nothing is sent", async () => {
  const bench = new Bench();
  const token = await bench.signIn("ann", { n: 0 });
  const { response } = await bench.send(token, (session) => {
    let attempt = 0;
    bench.spied.before = async (method) => {
      if (method !== "commit") return;
      if (attempt++ === 0)
        await bench.spied.inner.commit(session.sid as string, { at: bench.clock.now, set: { n: 5 } });
      else await bench.spied.inner.delete(session.sid as string);
    };
    session.update("n", (n) => Number(n) + 1);
    session.rotate();
  });
  assert.equal(response.get("x-session-token"), undefined);
  assert.equal(await bench.recordOf(token), null);
});

test("writers that always win end in a typed error after a bounded number of attempts", async () => {
  const bench = new Bench();
  const token = await bench.signIn("ann", { n: 0 });
  await assert.rejects(
    bench.send(token, (session) => {
      interfere(bench, session.sid as string, Number.POSITIVE_INFINITY, () => ({ n: 1 }));
      session.update("n", (n) => Number(n) + 1);
    }),
    { code: "ERR_SESSION_CONFLICT", statusCode: 503 },
  );
  assert.ok((bench.spied.take().commit ?? 0) <= 1000);
});

test("G3: what was written meanwhile counts against the limits", async () => {
  const bench = new Bench({ limits: { keys: 3 } });
  const token = await bench.signIn("ann", { n: 0 });
  await assert.rejects(
    bench.send(token, (session) => {
      interfere(bench, session.sid as string, 1, () => ({ a: 1, b: 2 }));
      session.set("c", 3);
    }),
    { code: "ERR_SESSION_VALUE", message: /`limits\.keys`/ },
  );
  assert.deepEqual(await bench.dataOf(token), { n: 0, a: 1, b: 2 });
});

test("G3: limits are exact: bytes of UTF-8, top-level keys, nesting", async () => {
  const bench = new Bench({ limits: { dataBytes: 20, keys: 2, depth: 2 } });
  const token = await bench.signIn();
  const write = (key: string, value: never): Promise<unknown> =>
    bench.send(token, (session) => session.set(key, value));
  await write("k", "é".repeat(6) as never); // {"k":"éééééé"} is 20 bytes
  await assert.rejects(write("k", "é".repeat(7) as never), {
    code: "ERR_SESSION_VALUE",
    message: /`limits\.dataBytes`: 22 instead of at most 20/,
  });
  await bench.send(token, (session) => session.remove("k"));
  await write("a", [[1]] as never);
  await assert.rejects(write("a", [[[1]]] as never), { code: "ERR_SESSION_VALUE" });
  await write("b", 1 as never);
  await assert.rejects(write("c", 1 as never), {
    code: "ERR_SESSION_VALUE",
    message: /`limits\.keys`: 3 instead of at most 2/,
  });
  assert.deepEqual(await bench.dataOf(token), { a: [[1]], b: 1 });
});

test("E4: a touch finds nothing when the session ended between load and commit", async () => {
  const bench = new Bench();
  const token = await bench.signIn();
  bench.clock.now += 2 * MINUTE;
  await bench.send(token, async ({ sid }) => {
    await bench.spied.inner.delete(sid as string);
  });
  assert.equal(await bench.recordOf(token), null);
});

test("a request that crosses the deadline while it runs cannot extend the session", async () => {
  const bench = new Bench({ idleTimeout: 10 * MINUTE });
  const token = await bench.signIn();
  bench.clock.now += 10 * MINUTE - 1;
  await bench.send(token, (session) => {
    bench.clock.now += 1;
    session.set("k", 1);
  });
  assert.equal(await bench.userOf(token), null);
});
