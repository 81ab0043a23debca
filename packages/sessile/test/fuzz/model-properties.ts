// Any sequence of requests, revocations and time, on a manager and on the model side by side.

import assert from "node:assert/strict";
import fc from "fast-check";
import { memoryStore, type Session } from "sessile";
import { sqliteStore } from "sessile/sqlite";
import type { SessionStore } from "sessile/store";
import type { Property } from "sessile-test-support/properties";
import { openRaw, unable } from "../stores/sqlite/raw.ts";
import { type Bag, Bench, sidOf } from "../support/requests.ts";
import { LIMITS, Model, type Step } from "./model.ts";

const key = fc.constantFrom("a", "b", "constructor");
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant("set" as const), key, value: fc.nat(9) }),
  fc.record({ kind: fc.constantFrom("add" as const, "remove" as const), key }),
  fc.record({ kind: fc.constantFrom("rotate" as const, "notActivity" as const) }),
);
const userId = fc.constantFrom("ann", "bob");
/** Which of the tokens, or sids, that were given out so far, from the newest; beyond them is none. */
const which = fc.oneof({ weight: 3, arbitrary: fc.nat(2) }, { weight: 1, arbitrary: fc.nat(12) });
const status = fc.constantFrom(200, 200, 200, 404, 500);
const time = fc.constantFrom(0, 1, 5999, 6000, 9999, 10_000, 59_999, 60_000, 100_000, 299_999, 300_000, -1, -7000);

const deed = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("signIn" as const), which, userId, status }) },
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constant("use" as const), which, steps: fc.array(step, { maxLength: 3 }), status }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("signOut" as const), which, status }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("revoke" as const), which, owner: fc.option(userId, { nil: undefined }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("revokeUser" as const), userId, which }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant("wait" as const), ms: time }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("sweep" as const) }) },
);
type Deed = typeof deed extends fc.Arbitrary<infer Each> ? Each : never;

export const modelProperties: readonly Property[] = [
  likeModel("memory", 60_000, false, memoryStore),
  likeModel("SQLite", 20_000, unable, () => sqliteStore({ database: openRaw(":memory:") })),
];

function likeModel(name: string, cases: number, skip: string | false, makeStore: () => SessionStore): Property {
  return {
    name: `E1, E3, D5, D6, D8, F1: any sequence of requests on ${name} does what the model does`,
    cases,
    skip,
    make: () => fc.asyncProperty(fc.array(deed, { maxLength: 30 }), (deeds) => new Play(makeStore()).run(deeds)),
  };
}

class Play {
  readonly #bench: Bench;
  readonly #model = new Model();
  readonly #tokens: string[] = [];

  constructor(store: SessionStore) {
    this.#bench = new Bench({ ...LIMITS, store });
  }

  async run(deeds: readonly Deed[]): Promise<void> {
    for (const deed of deeds) {
      this.#model.now = this.#bench.clock.now;
      await this.#do(deed);
      await this.#compare();
    }
  }

  async #do(deed: Deed): Promise<void> {
    if (deed.kind === "signIn") await this.#signIn(this.#token(deed.which), deed.userId, deed.status);
    if (deed.kind === "use") await this.#use(this.#token(deed.which), deed.steps, deed.status);
    if (deed.kind === "signOut") await this.#signOut(this.#token(deed.which), deed.status);
    if (deed.kind === "wait") this.#bench.clock.now += deed.ms;
    if (deed.kind === "sweep") assert.equal(await this.#bench.manager.sweep(), this.#model.sweep());
    if (deed.kind === "revoke") {
      const sid = sidOf(this.#token(deed.which) ?? "");
      const owner = deed.owner === undefined ? {} : { userId: deed.owner };
      assert.equal(await this.#bench.manager.revoke(sid, owner), this.#model.end(sid, deed.owner));
    }
    if (deed.kind === "revokeUser") {
      const except = sidOf(this.#token(deed.which) ?? "");
      const ended = await this.#bench.manager.revokeUser(deed.userId, { except });
      assert.equal(ended, this.#model.endUser(deed.userId, except));
    }
  }

  async #signIn(token: string | null, userId: string, status: number): Promise<void> {
    const old = this.#model.open(token);
    const { result: issued } = await this.#bench.send(token, (session) => session.signIn(userId), { status });
    const sid = sidOf(issued);
    this.#model.signIn(old, userId, { sid, token: issued });
    if (status >= 500) this.#model.end(sid);
    this.#tokens.unshift(issued);
  }

  async #use(token: string | null, steps: readonly Step[], status: number): Promise<void> {
    const before = this.#model.open(token);
    const { result, issued, session } = await this.#bench.send(token, (session) => play(session, steps), { status });
    assert.deepEqual(result.before, { userId: before?.userId ?? null, data: { ...before?.data } });
    const { data, rotates } = this.#model.after(before, token, steps);
    assert.deepEqual(result.after, data);
    const isWritten = status < 500;
    const begins = before === null && Object.keys(data).length > 0;
    assert.equal(issued !== undefined, isWritten && (rotates || begins));
    if (issued !== undefined) this.#tokens.unshift(issued);
    if (!isWritten) return;
    if (before !== null) this.#model.write(before, steps, data, issued ?? null);
    else if (issued !== undefined) this.#model.begin(null, data, { sid: session.sid as string, token: issued });
  }

  async #signOut(token: string | null, status: number): Promise<void> {
    const session = this.#model.open(token);
    await this.#bench.send(token, (session) => session.signOut(), { status });
    if (session !== null) this.#model.end(session.sid);
  }

  async #compare(): Promise<void> {
    this.#model.now = this.#bench.clock.now;
    for (const userId of ["ann", "bob"]) {
      const { sessions } = await this.#bench.manager.list(userId);
      assert.deepEqual(
        sessions.map(({ sid }) => sid),
        this.#model.live(userId),
      );
    }
    assert.equal((await this.#bench.manager.stats()).sessions, this.#model.size);
  }

  #token(which: number): string | null {
    return this.#tokens[which] ?? null;
  }
}

interface Played {
  readonly before: { readonly userId: string | null; readonly data: Bag };
  readonly after: Bag;
}

function play(session: Session<Bag>, steps: readonly Step[]): Played {
  const before = { userId: session.userId, data: dataOf(session) };
  for (const step of steps) {
    if (step.kind === "set") session.set(step.key, step.value);
    if (step.kind === "add") session.update(step.key, (value) => Number(value ?? 0) + 1);
    if (step.kind === "remove") session.remove(step.key);
    if (step.kind === "rotate") session.rotate();
    if (step.kind === "notActivity") session.notActivity();
  }
  return { before, after: dataOf(session) };
}

function dataOf(session: Session<Bag>): Bag {
  return Object.fromEntries(session.keys().map((key) => [key, session.get(key) as number]));
}
