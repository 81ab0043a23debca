// The application's schema: it sees the data when it is loaded and before it is written. Schemas here are written by
// hand.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { DataSchema, Json } from "#dist/core/data.js";
import { validateData } from "#dist/core/data.js";
import { Bench, Gate } from "../support/requests.ts";

type Validate = DataSchema["~standard"]["validate"];

function schemaOf(validate: Validate): { schema: DataSchema<Record<string, Json>> } {
  return { schema: { "~standard": { version: 1, vendor: "test", validate } } };
}

/** `n` must be a number; `list` is `[]` when it is missing; nothing else is shown. */
const counting: Validate = (value) => {
  const { n, list = [] } = value as { n?: unknown; list?: unknown };
  if (n !== undefined && typeof n !== "number")
    return { issues: [{ message: `got ${String(n)}`, path: [{ key: "n" }, 0] }] };
  return { value: { ...(n !== undefined && { n }), list } };
};

for (const [kind, validate] of [
  ["sync", counting],
  ["async", async (value: unknown) => counting(value)],
] as const) {
  test(`a ${kind} schema fills in defaults when the data is loaded`, async () => {
    const bench = new Bench(schemaOf(validate));
    const token = await bench.signIn("ann", { n: 1 });
    const { result } = await bench.send(token, (session) => [session.get("n"), session.get("list"), session.keys()]);
    assert.deepEqual(result, [1, [], ["n", "list"]]);
    assert.deepEqual(await bench.dataOf(token), { n: 1 }, "a default is not written for that");
  });

  test(`a ${kind} schema refuses data that does not fit before it is written, and names the key, not the value`, async () => {
    const bench = new Bench(schemaOf(validate));
    const token = await bench.signIn("ann", { n: 1 });
    bench.spied.take();
    const refused = { code: "ERR_SESSION_VALUE", message: "Session data does not fit the `schema` at `n.0`." };
    await assert.rejects(
      bench.send(token, (session) => session.set("n", "private")),
      refused,
    );
    await assert.rejects(
      bench.send(null, (session) => session.signIn("bob", { data: { n: "private" } })),
      refused,
    );
    await assert.rejects(
      bench.send(null, (session) => session.set("n", "private")),
      refused,
    );
    assert.deepEqual(bench.spied.take(), { load: 1 });
    assert.deepEqual(await bench.dataOf(token), { n: 1 });
  });
}

test("a schema still applies to what is read after a sign-in and after a commit in the same request", async () => {
  const bench = new Bench(schemaOf(counting));
  const { issued } = await bench.send(null, async (session) => {
    await session.signIn("ann", { data: { n: 1 } });
    assert.deepEqual(session.get("list"), []);
  });
  await bench.send(issued as string, async (session) => {
    session.set("n", 2);
    await session.commit();
    assert.deepEqual([session.get("n"), session.get("list")], [2, []]);
  });
});

test("a schema still applies to what is read after a request failed and its changes were dropped", async () => {
  const bench = new Bench(schemaOf(counting));
  const token = await bench.signIn("ann", { n: 1 });
  const { session } = await bench.send(token, (mine) => mine.set("n", 2), { status: 500 });
  assert.deepEqual([session.get("n"), session.get("list")], [1, []]);
});

for (const [when, isWriting, nth] of [
  ["nothing was committed", false, 1],
  ["it checks what is to be committed", true, 1],
  ["it looks at what was committed", true, 2],
] as const) {
  test(`F4: what is written while a schema takes its time is kept, when ${when}`, async () => {
    const gate = new Gate();
    let countdown = 0;
    const slowly = async (value: unknown): Promise<ReturnType<Validate>> => {
      if (--countdown === 0) await gate.pass();
      return counting(value);
    };
    const bench = new Bench(schemaOf(slowly as Validate));
    const token = await bench.signIn();
    await bench.send(token, async (session) => {
      if (isWriting) session.set("n", 1);
      countdown = nth;
      const committing = session.commit();
      await gate.reached;
      session.set("list", ["late"]);
      gate.open();
      await committing;
      assert.deepEqual(session.get("list"), ["late"]);
    });
    assert.deepEqual(await bench.dataOf(token), { ...(isWriting && { n: 1 }), list: ["late"] });
  });
}

test("G2: stored data that does not fit is no session, and an event says so", async () => {
  const bench = new Bench();
  const token = await bench.signIn("ann", { n: "from an older version" });
  const strict = new Bench({ store: bench.spied.inner, ...schemaOf(counting) });
  assert.equal(await strict.userOf(token), null);
  assert.deepEqual(strict.takeEvents(), ["storeFailed"]);
  assert.equal(await bench.userOf(token), "ann", "the record is left alone");
});

test("a schema that throws fails the request with what it threw", async () => {
  const bench = new Bench();
  const token = await bench.signIn();
  const broken = new Bench({
    store: bench.spied.inner,
    ...schemaOf(() => {
      throw new Error("a bug of the schema");
    }),
  });
  await assert.rejects(
    broken.send(token, () => {}),
    /a bug of the schema/,
  );
});

test("a schema that hides keys keeps them in the store", async () => {
  const bench = new Bench();
  const token = await bench.signIn("ann", { n: 1, legacy: "x" });
  const strict = new Bench({ store: bench.spied.inner, ...schemaOf(counting) });
  await strict.send(token, (session) => {
    assert.equal(session.has("legacy"), false);
    session.update("n", (n) => Number(n) + 1);
  });
  assert.deepEqual(await bench.dataOf(token), { n: 2, legacy: "x" });
});

test("G3: hidden keys that leave no room are a typed error after one attempt, not a thousand conflicts", async () => {
  const bench = new Bench();
  const token = await bench.signIn("ann", { n: 1, legacy: "x".repeat(500) });
  const strict = new Bench({ store: bench.spied.inner, limits: { dataBytes: 600 }, ...schemaOf(counting) });
  const refused = { code: "ERR_SESSION_VALUE", message: /`limits`/ };
  await assert.rejects(
    strict.send(token, (session) => session.set("list", ["y".repeat(200)])),
    refused,
  );
  assert.deepEqual(strict.spied.take(), { load: 1, commit: 1 });
});

test("a schema sees the merged data when another request wrote meanwhile", async () => {
  const bench = new Bench(
    schemaOf((value) => (Object.keys(value as object).length > 2 ? { issues: [{ message: "too many" }] } : { value })),
  );
  const token = await bench.signIn("ann", { n: 0 });
  await assert.rejects(
    bench.send(token, async (session) => {
      session.update("n", () => 1);
      await bench.send(token, (other) => other.set("b", 1));
      session.set("c", 1);
    }),
    { code: "ERR_SESSION_VALUE" },
  );
  assert.deepEqual(await bench.dataOf(token), { n: 0, b: 1 });
});

test("validateData names every path and survives issues without one", async () => {
  const issues = [
    { message: "x" },
    { message: "x", path: [] },
    { message: "x", path: ["a", 0, { key: "b" }, Symbol("s")] },
  ];
  const failing = schemaOf(() => ({ issues })).schema;
  await assert.rejects(validateData(failing, {}, "ERR_SESSION_VALUE"), {
    message: "Session data does not fit the `schema` at ``, ``, `a.0.b.Symbol(s)`.",
  });
  await assert.rejects(validateData(schemaOf(() => ({ issues: [] })).schema, {}, "ERR_SESSION_RECORD"), {
    code: "ERR_SESSION_RECORD",
  });
  const passing = schemaOf((value) => ({ value, issues: undefined }) as never).schema;
  assert.deepEqual({ ...(await validateData(passing, { a: 1 }, "ERR_SESSION_VALUE")) }, { a: 1 });
});

test("what the schema gave is copied: the application may keep it and change it", async () => {
  const kept = Object.assign(Object.create(null) as Record<string, unknown>, { role: "user" });
  const bench = new Bench(schemaOf(() => ({ value: kept })));
  const token = await bench.signIn("ann", { n: 1 });
  await bench.send(token, (session) => {
    Object.assign(kept, { role: "admin", extra: 1 });
    assert.equal(session.get("role"), "user");
    assert.deepEqual(session.keys(), ["role"]);
  });
});

const REQUIRED = "`schema` must be one that accepts `{}`, as sessions begin empty. Use `.partial()`.";

/** Refuses the empty data of a new session. */
const demanding: Validate = (value) =>
  "name" in (value as object) ? { value } : { issues: [{ message: "needed", path: ["name"] }] };

test("a schema that does not accept `{}` is refused when the manager is made, by a message that names `.partial()`", () => {
  assert.throws(() => new Bench(schemaOf(demanding)), { code: "ERR_SESSION_OPTION", message: REQUIRED });
});

test("an async schema that does not accept `{}` is warned of", async () => {
  const warnings: string[] = [];
  const options = { ...schemaOf(async (value) => demanding(value)), onWarning: (text: string) => warnings.push(text) };
  new Bench(options);
  await new Promise(setImmediate);
  assert.deepEqual(warnings, [REQUIRED]);
  const quiet: unknown[] = [];
  new Bench({ ...schemaOf(async () => Promise.reject(new Error("later"))), onWarning: (text) => quiet.push(text) });
  await new Promise(setImmediate);
  assert.deepEqual(quiet, [], "a request says what is wrong with it");
});
