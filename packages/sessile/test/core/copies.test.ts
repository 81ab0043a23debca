// A store that answers with old copies, as a cache may: they let requests in, but turn none away and end nothing.

import assert from "node:assert/strict";
import { test } from "node:test";
import { memoryStore } from "sessile";
import type { SessionRecord, SessionStore } from "sessile/store";
import { formatToken, newSecret } from "#dist/core/token.js";
import { Bench, sidOf } from "../support/requests.ts";

const MINUTE = 60_000;

/**
 * A memory store that offers the copy of every record which it was told to keep, and counts what it is asked for
 * instead.
 */
class Copies {
  readonly store: SessionStore;
  readonly bench: Bench;
  readonly #copies = new Map<string, SessionRecord>();
  fresh = 0;

  constructor(options: ConstructorParameters<typeof Bench>[0] = {}) {
    const memory = memoryStore();
    const own = {
      peek: (sid: string) => this.#copies.get(sid) ?? null,
      load: (sid: string) => {
        this.fresh++;
        return memory.load(sid);
      },
    };
    this.store = new Proxy(memory, {
      get: (target, name: keyof SessionStore) =>
        Object.hasOwn(own, name) ? Reflect.get(own, name) : (target[name] as () => unknown)?.bind(target),
    });
    this.bench = new Bench({ ...options, store: this.store });
    this.bench.spied.showsCopies = true;
  }

  /** Answers for one session with the copy of another. */
  mixUp(asked: string, answered: string): void {
    this.#copies.set(asked, this.#copies.get(answered) as SessionRecord);
  }

  async keep(token: string): Promise<void> {
    const record = await this.store.load(sidOf(token));
    this.#copies.set(sidOf(token), record as SessionRecord);
    this.fresh = 0;
  }
}

test("a copy that the secret opens is taken, and the store is not asked", async () => {
  const copies = new Copies();
  const token = await copies.bench.signIn();
  await copies.keep(token);
  assert.equal(await copies.bench.userOf(token), "ann");
  assert.equal(copies.fresh, 0);
});

test("F7: a copy that has expired ends nothing: the session may have been touched elsewhere", async () => {
  const copies = new Copies({ idleTimeout: 10 * MINUTE });
  const { bench } = copies;
  const token = await bench.signIn();
  await copies.keep(token);
  const now = bench.clock.now + 6 * MINUTE;
  await copies.store.commit(sidOf(token), { at: now, touch: { idleTimeout: 10 * MINUTE } });
  bench.clock.now += 11 * MINUTE;
  assert.equal(await bench.userOf(token), "ann");
  assert.equal(copies.fresh, 1);
  bench.clock.now += 10 * MINUTE;
  assert.equal(await bench.userOf(token), null);
  assert.equal(await copies.store.load(sidOf(token)), null);
});

test("F7: a secret that a copy does not know opens the session when it was rotated elsewhere", async () => {
  const copies = new Copies();
  const token = await copies.bench.signIn();
  await copies.keep(token);
  const { issued } = await copies.bench.send(token, (session) => session.rotate());
  assert.ok(issued);
  assert.equal(await copies.bench.userOf(issued), "ann");
  assert.equal(await copies.bench.userOf(formatToken("ses_", { sid: sidOf(token), secret: newSecret() })), null);
  assert.equal(await copies.bench.userOf(issued), "ann");
});

test("F7: a copy in which a secret is used again after its grace is not believed: theft is judged by what is stored now", async () => {
  const copies = new Copies({ rotationGrace: MINUTE });
  const { bench } = copies;
  const first = await bench.signIn();
  const { issued: second } = await bench.send(first, (session) => session.rotate());
  await copies.keep(first);
  bench.clock.now += 2 * MINUTE;
  assert.equal(await bench.userOf(second as string), "ann");
  await copies.store.delete(sidOf(first));
  bench.takeEvents();
  assert.equal(await bench.userOf(first), null);
  assert.equal(copies.fresh, 1);
  assert.deepEqual(bench.takeEvents(), []);
});

test("F3: what a request that was let in by a copy writes goes to the record as it is now, or nowhere", async () => {
  const copies = new Copies();
  const { bench } = copies;
  const token = await bench.signIn();
  await copies.keep(token);
  await copies.store.commit(sidOf(token), { at: bench.clock.now, set: { here: 1 } });
  await bench.send(token, (session) => session.update("n", (n) => Number(n ?? 0) + 1));
  assert.deepEqual(JSON.parse((await copies.store.load(sidOf(token)))?.data ?? ""), { here: 1, n: 1 });
  await copies.store.delete(sidOf(token));
  const { response } = await bench.send(token, (session) => session.set("late", 1));
  assert.equal(await copies.store.load(sidOf(token)), null);
  assert.equal(response.get("x-session-token"), undefined);
});

test("a revocation and who watches ask for the record as it is now", async () => {
  const copies = new Copies();
  const { bench } = copies;
  const token = await bench.signIn();
  await copies.keep(token);
  await copies.store.delete(sidOf(token));
  assert.equal(await bench.manager.revoke(sidOf(token)), false);
  assert.equal(copies.fresh, 1);
});

test("a copy of another session is not taken", async () => {
  const copies = new Copies();
  const [ann, bob] = [await copies.bench.signIn(), await copies.bench.signIn("bob")];
  await copies.keep(bob);
  copies.mixUp(sidOf(ann), sidOf(bob));
  assert.equal(await copies.bench.userOf(ann), "ann");
  assert.equal(copies.fresh, 1);
});
