// O4: functions of the application that fail, and what a request may do then: nothing.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { memoryStore, type SessionManagerOptions } from "sessile";
import { testClock } from "sessile/testing";
import { ResponseRecorder, requestWith, sidOf } from "../support/requests.ts";
import { type Node, nodeOn, PRESENTED, signIn, userOf } from "./node.ts";

type Validate = NonNullable<SessionManagerOptions["schema"]>["~standard"]["validate"];

const BROKEN_SCHEMAS: Readonly<Record<string, () => unknown>> = {
  throws: () => {
    throw new Error("broken");
  },
  rejects: () => Promise.reject(new Error("broken")),
  "answers undefined": () => undefined,
  "answers null": () => null,
  "answers true": () => true,
  "answers a value that is null": () => ({ value: null }),
  "answers a value that is a text": () => ({ value: "x" }),
  "answers an empty object": () => ({}),
  "answers issues that are undefined, and no value": () => ({ issues: undefined }),
};

const BROKEN_CLOCKS: Readonly<Record<string, () => unknown>> = {
  NaN: () => Number.NaN,
  undefined: () => undefined,
  "a text": () => "now",
};

describe("a schema that", () => {
  for (const [what, validate] of Object.entries(BROKEN_SCHEMAS)) {
    test(`O4: ${what} lets no data through that was not checked`, () => expectNothing(validate));
  }
});

describe("a clock that, later on,", () => {
  test("O4: throws lets no request in", () =>
    expectNobody(() => {
      throw new Error("broken");
    }));

  for (const [what, read] of Object.entries(BROKEN_CLOCKS)) {
    test(`O4: tells ${what} lets no request in`, () => expectNobody(read));
  }
});

test("O4: a clock that fails as the response leaves makes the commit reject, where adapters wait for it", async () => {
  let fails = false;
  const node = nodeOn(memoryStore(), () => (fails ? Number.NaN : Date.now()));
  const token = await signIn(node);
  const { commit } = await node.open(requestWith(PRESENTED.header(token)));
  fails = true;
  await assert.rejects(async () => commit(200, new ResponseRecorder()), { code: "ERR_SESSION_OPTION" });
});

async function expectNothing(validate: () => unknown): Promise<void> {
  const store = memoryStore();
  const token = await signIn(nodeOn(store, Date.now), "ann", { isAdmin: true });
  const schema = { "~standard": { version: 1, vendor: "test", validate: validate as Validate } } as const;
  assert.equal(await adminFlag(nodeOn(store, Date.now, { schema }), token), undefined);
}

/** The data that a request sees; `undefined` when it fails. */
async function adminFlag(node: Node, token: string): Promise<unknown> {
  try {
    const { session } = await node.open(requestWith(PRESENTED.header(token)));
    return session.get("isAdmin");
  } catch {
    return undefined;
  }
}

async function expectNobody(broken: () => unknown): Promise<void> {
  const time = testClock();
  let clock: () => number = time.now;
  const store = memoryStore();
  const node = nodeOn(store, () => clock());
  const token = await signIn(node);
  assert.equal(await userOf(node, token), "ann");
  clock = broken as () => number;
  assert.equal(await userOf(node, token).catch(() => null), null);
  assert.notEqual(await store.load(sidOf(token)), null, "and ends nothing");
}
