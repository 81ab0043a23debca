// The hot path, a signed-in read, and the sign-in before it, held to what they do: store calls, promises, bytes allocated. Counted, not timed, so that a
// busy machine changes nothing. Bytes are counted in a process that only interprets, where they do not depend on the compiler.

import assert from "node:assert/strict";
import { createHook } from "node:async_hooks";
import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { fullRecord } from "sessile/testing";
import { encodeRecord } from "#dist/stores/redis/codec.js";
import { RedisStore } from "#dist/stores/redis/store.js";
import { countedReads, hotPath } from "./support/hot-path.js";

/** What a read takes now. Lower them when it takes less; raise one only with a reason in the commit. */
const PROMISES = { "signed in": 5, "ill-formed token": 5, anonymous: 5, "a sign-in": 36 } as const;
const BYTES = { "signed in": 3500, "ill-formed token": 2000, anonymous: 1470, "a sign-in": 14_900 } as const;
/** How much more is a failure. Node's versions differ by less than a hundredth. */
const SHARE = 1.05;

type Kind = keyof typeof BYTES;
const KINDS = Object.keys(BYTES) as Kind[];

for (const kind of KINDS) {
  test(`a request with ${kind} makes at most ${PROMISES[kind]} promises`, async () => {
    const read = await hotPath(kind);
    for (let i = 0; i < 10; i++) await read();
    let promises = 0;
    const hook = createHook({ init: (_id, type) => void (type === "PROMISE" && promises++) }).enable();
    for (let i = 0; i < 100; i++) await read();
    hook.disable();
    assert.ok(promises / 100 <= PROMISES[kind], `${promises / 100} promises`);
  });

  test(`a request with ${kind} allocates at most ${BYTES[kind]} bytes, and a twentieth more`, () => {
    const bytes = bytesOf(kind);
    assert.ok(bytes <= BYTES[kind] * SHARE, `${bytes} bytes`);
  });
}

test("a signed-in read asks the store once and writes nothing", async () => {
  assert.deepEqual(await countedReads(100), { load: 100 });
});

test("a read from Redis of a record that did not change makes at most 9 promises", async () => {
  const record = fullRecord();
  const text = Promise.resolve(encodeRecord(record));
  const send = (_key: string, [command]: readonly string[]) => (command === "GET" ? text : Promise.resolve("OK"));
  const store = new RedisStore({ isReady: () => true, send }, { prefix: "p:", deadline: 60_000 });
  for (let i = 0; i < 10; i++) await store.load(record.sid);
  let promises = 0;
  const hook = createHook({ init: (_id, type) => void (type === "PROMISE" && promises++) }).enable();
  for (let i = 0; i < 100; i++) await store.load(record.sid);
  hook.disable();
  assert.ok(promises / 100 <= 9, `${promises / 100} promises`);
});

/** In a young generation so large that nothing is collected meanwhile. */
function bytesOf(kind: Kind): number {
  const file = fileURLToPath(new URL("./support/hot-path.js", import.meta.url));
  const flags = ["--expose-gc", "--min-semi-space-size=64", "--max-semi-space-size=64", "--no-opt", "--no-maglev"];
  return Number(execFileSync(process.execPath, [...flags, "--no-sparkplug", file, kind], { encoding: "utf8" }));
}
