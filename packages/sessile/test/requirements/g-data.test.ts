// G: data that is hostile, damaged or odd, on every store.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { isSessionError, type Json } from "sessile";
import { byDepth } from "sessile-test-support/depth";
import { requestWith, sidOf } from "../support/requests.ts";
import { redisClient, STORES } from "./every-store.ts";
import { nodeOn, PRESENTED, signIn, visit } from "./node.ts";

const POLLUTING = [
  '{"__proto__":{"isAdmin":true},"constructor":{"prototype":{"isAdmin":true}}}',
  '{"a":{"__proto__":{"isAdmin":true}}}',
  '{"\\u005f_proto__":{"isAdmin":true}}',
  '{"constructor":{"prototype":{"isAdmin":true}},"prototype":{"isAdmin":true}}',
];
const NO_DATA_AT_ALL = ["", "null", "[]", "5", '"x"', "{", '{"a":1', "{}{}", "not JSON"];

for (const { name, open } of STORES) {
  describe(`on ${name}`, () => {
    for (const text of POLLUTING) {
      test(`G1: on ${name}, ${text} in the store gives no user a right and changes no prototype`, async () => {
        const place = await open();
        const node = nodeOn(await place.connect(), Date.now);
        const token = await signIn(node);
        await place.plant(sidOf(token), text);
        const before = Object.getOwnPropertyNames(Object.prototype);
        const use = visit(node, token, async (session) => {
          assert.equal(session.get("isAdmin"), undefined);
          session.update("merged", () => ({ ...(session.get("a") as object), n: 1 }));
          await session.commit();
          assert.equal(session.get("isAdmin"), undefined);
        });
        await use.catch((error) => assert.ok(isSessionError(error), String(error)));
        const again = visit(node, token, (session) => {
          assert.equal(session.get("isAdmin"), undefined);
          const merged = Object.assign({}, ...session.keys().map((key) => ({ [key]: session.get(key) }))) as object;
          assert.equal(Object.getPrototypeOf(merged), Object.prototype);
        });
        await again.catch((error) => assert.ok(isSessionError(error, "ERR_SESSION_RECORD"), String(error)));
        assert.equal(({} as { isAdmin?: unknown }).isAdmin, undefined);
        assert.deepEqual(Object.getOwnPropertyNames(Object.prototype), before);
      });
    }

    test(`G2: on ${name}, data that is no JSON object is an error once, and no session from then on`, async () => {
      const place = await open();
      const node = nodeOn(await place.connect(), Date.now);
      const failures: string[] = [];
      node.on("storeFailed", ({ operation }) => failures.push(operation));
      for (const text of NO_DATA_AT_ALL) {
        failures.splice(0);
        const token = await signIn(node);
        await place.plant(sidOf(token), text);
        await assert.rejects(
          visit(node, token, (session) => {
            session.get("k");
            if (!session.isSignedIn()) throw Object.assign(new Error("nobody"), { code: "ERR_SESSION_RECORD" });
          }),
          { code: "ERR_SESSION_RECORD" },
          JSON.stringify(text),
        );
        assert.ok(failures.length > 0, "an event tells of it");
        await visit(node, token, (session) => assert.equal(session.userId, null));
      }
    });

    test(`G4: on ${name}, a value comes back exactly as it was, or is refused`, async () => {
      const place = await open();
      const [writer, reader] = [nodeOn(await place.connect(), Date.now), nodeOn(await place.connect(), Date.now)];
      const token = await signIn(writer);
      const odd = fc.oneof(
        fc.jsonValue({ maxDepth: 3 }),
        fc.constantFrom<unknown>(
          -0,
          Number.NaN,
          undefined,
          1n,
          new Date(),
          Buffer.from("x"),
          "\ud800",
          [undefined],
          { a: undefined, b: 1 },
          new Map(),
        ),
      );
      await fc.assert(
        fc.asyncProperty(odd, async (value) => {
          let isRefused = false;
          await visit(writer, token, (session) => {
            try {
              session.set("value", value as Json);
            } catch (error) {
              assert.ok(isSessionError(error, "ERR_SESSION_VALUE"));
              isRefused = true;
            }
          });
          if (isRefused) return;
          // a member that is `undefined` is left out
          const expected: unknown = value === undefined ? undefined : JSON.parse(JSON.stringify(value));
          await visit(reader, token, (session) => assert.deepEqual(session.get("value"), expected));
        }),
        { numRuns: byDepth(20, 60, 5_000) },
      );
    });

    test(`G6: on ${name}, no two requests share an object`, async () => {
      const node = nodeOn(await (await open()).connect(), Date.now);
      const mine = { list: [1] };
      const token = await signIn(node, "ann", { mine });
      mine.list.push(2);
      await visit(node, token, (session) => {
        const seen = session.get("mine") as { list: number[] };
        assert.throws(() => seen.list.push(3), TypeError);
        session.update("mine", (value) => {
          (value as { list: number[] }).list.push(4);
          return undefined;
        });
        throw new Error("nothing of this request is kept");
      }).catch(() => {});
      await visit(node, token, (session) => assert.deepEqual(session.get("mine"), { list: [1] }));
    });
  });
}

test("G1: the rules of data hold with __proto__ taken away from the language", () => {
  for (const file of ["json", "session"]) {
    const path = fileURLToPath(new URL(`../core/${file}.test.js`, import.meta.url));
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const { status, stdout } = spawnSync(process.execPath, ["--disable-proto=throw", path], { env, encoding: "utf8" });
    assert.equal(status, 0, stdout);
  }
});

describe("a record in Redis", () => {
  test("G2: cut off at any length signs no user in, and an event reports it", async () => {
    const { node, token, key, admin, text } = await recordInRedis();
    let failures = 0;
    node.on("storeFailed", () => failures++);
    for (let length = 0; length < text.length; length++) {
      await admin.set(key, text.slice(0, length));
      await visit(node, token, (session) => assert.equal(session.userId, null, `cut off at ${length}`));
    }
    assert.equal(failures, text.length);
  });

  test("G2: with any bit flipped fails a request with no other error than the library's own", async () => {
    for await (const { node, token } of flipped()) {
      await visit(node, token, (session) => session.get("k")).catch((error) =>
        assert.ok(isSessionError(error), String(error)),
      );
    }
  });

  test("G2: with any bit flipped is unreadable or its owner's", async () => {
    for await (const { node, token, where } of flipped()) {
      const { session } = await node.open(requestWith(PRESENTED.header(token)));
      assert.ok(session.userId === null || session.userId === "ann", where);
    }
  });
});

interface Damaged {
  readonly node: ReturnType<typeof nodeOn>;
  readonly token: string;
  readonly where: string;
}

async function recordInRedis() {
  const place = await (STORES.at(-1) as (typeof STORES)[number]).open();
  const node = nodeOn(await place.connect(), Date.now);
  const token = await signIn(node, "ann", { k: "value" });
  const admin = await redisClient();
  const [key = ""] = await admin.keys(`*s:${sidOf(token)}`);
  return { node, token, key, admin, text: (await admin.get(key)) as string };
}

/** The same record again and again, each time with another bit flipped. */
async function* flipped(): AsyncGenerator<Damaged> {
  const { node, token, key, admin, text } = await recordInRedis();
  const original = Buffer.from(text);
  for (let at = 0; at < original.length; at += byDepth(7, 1, 1)) {
    for (const bit of [1, 2, 16]) {
      const bytes = Buffer.from(original);
      bytes[at] = (bytes[at] as number) ^ bit;
      await admin.set(key, bytes);
      yield { node, token, where: `bit ${bit} of byte ${at}` };
    }
  }
}
