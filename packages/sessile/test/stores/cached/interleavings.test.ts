// Every order in which loads, writes here and elsewhere, messages about them, and the loss of the source can happen,
// step by step. In each order, an answer is never older than a message or an acknowledgement that arrived before the
// question.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { SessionRecord, SessionStore } from "sessile/store";
import { sampleRecord } from "sessile/testing";
import { byDepth } from "sessile-test-support/depth";
import { benchOver, read, turn } from "./fakes.ts";

const BASE = sampleRecord();
/** A deleted record counts as a late version. */
const DELETED = 1000;

/** A command: it does and is answered when told to, and only once. */
interface Sent {
  readonly execute: () => void;
  readonly answer: () => void;
}

/**
 * One session in a Redis whose commands are done, and answered, when the test says so; and one process with a cache.
 */
class World {
  version = 1;
  /** Versions of which no word has come yet. */
  readonly untold: number[] = [];
  /** The least version that an answer may have from now on. */
  known = 1;
  /** The result of the last write of this process. */
  writtenHere = 1;
  /** A wrong answer that was given. */
  readonly failures: string[] = [];
  #isLost = false;
  readonly #sent: Sent[] = [];
  readonly #bench = benchOver(this.#store());

  /** Executes what a call of this process sent; later lets it be answered. */
  call(start: (store: SessionStore) => Promise<void>): (() => void | Promise<void>)[] {
    let sent: Sent | undefined;
    return [
      async () => {
        const before = this.#sent.length;
        void start(this.#bench.cached);
        await turn();
        sent = this.#sent[before];
      },
      () => sent?.execute(),
      () => sent?.answer(),
    ];
  }

  write(version: number): void {
    this.version = version;
    if (!this.#isLost) this.untold.push(version);
  }

  /** Word comes in the order of the writes. */
  tell(): void {
    const told = this.untold.shift();
    if (told === undefined) return;
    this.#bench.source.listener.changed(BASE.sid);
    this.known = Math.max(this.known, told);
  }

  /** The connection is lost, and with it what was on its way. */
  lose(): void {
    this.#isLost = true;
    this.#bench.source.isOn = false;
    this.untold.length = 0;
    this.#bench.source.listener.reset();
  }

  /** No proof for a while: nothing is lost, and nothing is sure. */
  doubt(): void {
    this.#bench.source.isOn = false;
  }

  /** The connection works (again): what was written until now has been told, or is met by every load from now on. */
  recover(): void {
    while (this.untold.length > 0) this.tell();
    this.#isLost = false;
    this.#bench.source.isOn = true;
    this.known = Math.max(this.known, this.version);
  }

  /** The least that an answer must contain now. */
  get least(): number {
    return this.#bench.source.isOn ? this.known : this.version;
  }

  /** At the end, every answer is the truth. */
  async finish(): Promise<void> {
    await this.#settle();
    if (!this.#bench.source.isOn) this.recover();
    while (this.untold.length > 0) this.tell();
    this.known = this.version;
    for (let i = 0; i < 2; i++) {
      for (const step of reader(this)) await step();
      await this.#settle();
    }
  }

  /** A load may send another. */
  async #settle(): Promise<void> {
    for (let i = 0; i < 3; i++) {
      for (const { execute, answer } of this.#sent) {
        execute();
        answer();
      }
      await turn();
    }
  }

  #store(): SessionStore {
    const ask = <T>(execute: () => T): Promise<T> =>
      new Promise((resolve) => {
        let done: { value: T } | undefined;
        const run = () => {
          done ??= { value: execute() };
        };
        this.#sent.push({ execute: run, answer: () => done && resolve(done.value) });
      });
    const record = (): SessionRecord | null => (this.version >= DELETED ? null : { ...BASE, version: this.version });
    const writeHere = (version: number) => {
      if (this.version < DELETED) this.write(version);
      this.writtenHere = this.version;
      return record();
    };
    return {
      load: () => ask(record),
      delete: () => ask(() => writeHere(DELETED + this.version) === null),
      touch: () => ask(() => void writeHere(this.version + 1)),
      commit: () => ask(() => ({ status: "ok", record: writeHere(this.version + 1) })),
    } as unknown as SessionStore;
  }
}

type Actor = readonly (() => unknown)[];

/** Loads, and gets no less than what had to be known when it asked. */
function reader(world: World): Actor {
  return world.call(async (store) => {
    const { least } = world;
    const record = await read(store, BASE.sid);
    const got = record?.version ?? DELETED * 2;
    if (got < least) world.failures.push(`got ${got} where ${least} was known`);
  });
}

/** Another, whose command is done and answered in one step: so there are fewer orders. */
function joiner(world: World): Actor {
  const [start, execute, answer] = reader(world);
  return [
    () => start?.(),
    () => {
      execute?.();
      answer?.();
    },
  ];
}

const WRITES = {
  commit: (store: SessionStore) => store.commit(BASE.sid, { at: 0 }),
  delete: (store: SessionStore) => store.delete(BASE.sid),
  touch: async (store: SessionStore) => store.touch?.([[BASE.sid, { at: 0 }, BASE]]),
};

function writerHere(method: keyof typeof WRITES): (world: World) => Actor {
  return (world) => [
    ...world.call(async (store) => {
      await WRITES[method](store);
      world.known = Math.max(world.known, world.writtenHere);
    }),
    () => world.tell(),
  ];
}

function writerElsewhere(world: World): Actor {
  return [() => world.write(world.version + 1), () => world.tell()];
}

function deleterElsewhere(world: World): Actor {
  return [() => world.write(DELETED + world.version), () => world.tell()];
}

function loss(world: World): Actor {
  return [() => world.lose(), () => world.recover()];
}

function doubt(world: World): Actor {
  return [() => world.doubt(), () => world.recover()];
}

/** Every order of the actors' steps, each as the numbers of the actors. */
function* orders(left: number[], order: number[] = []): Generator<number[]> {
  if (left.every((count) => count === 0)) yield order;
  for (const [actor, count] of left.entries()) {
    if (count > 0) yield* orders(left.with(actor, count - 1), [...order, actor]);
  }
}

async function play(cast: readonly ((world: World) => Actor)[], order: readonly number[]): Promise<void> {
  const world = new World();
  const actors = cast.map((make) => [...make(world)]);
  for (const actor of order) {
    await actors[actor]?.shift()?.();
    await turn();
  }
  await world.finish();
  assert.deepEqual(world.failures, [], order.join(" "));
}

const SCENES: readonly [name: string, orders: number, cast: readonly ((world: World) => Actor)[]][] = [
  ["two loads and a sign-out elsewhere", 210, [reader, joiner, deleterElsewhere]],
  ["a load and two writes elsewhere", 210, [reader, writerElsewhere, writerElsewhere]],
  ["two loads and a sign-out here", 1260, [reader, joiner, writerHere("delete")]],
  ["two loads and a commit here", 1260, [reader, joiner, writerHere("commit")]],
  ["two loads and touches of several here", 1260, [reader, joiner, writerHere("touch")]],
  ["a load, a commit here and a sign-out elsewhere", 1260, [reader, writerHere("commit"), deleterElsewhere]],
  ["a load, touches of several here and a sign-out elsewhere", 1260, [reader, writerHere("touch"), deleterElsewhere]],
  ["two loads, a sign-out elsewhere and a lost source", 7560, [reader, joiner, deleterElsewhere, loss]],
  ["a load, a write elsewhere and a doubtful source", 210, [reader, writerElsewhere, doubt]],
  ["a load, a sign-out here and a lost source", 1260, [reader, writerHere("delete"), loss]],
];

/** So many orders are played side by side, and share their turns. */
const SIDE_BY_SIDE = 500;

for (const [name, count, cast] of SCENES.filter(([, count]) => count <= byDepth(1260, 7560, 7560))) {
  test(`F7, F2: ${name}, in each of ${count.toLocaleString("en")} orders`, async () => {
    const all = [...orders(cast.map((make) => make(new World()).length))];
    assert.equal(all.length, count);
    for (let start = 0; start < count; start += SIDE_BY_SIDE) {
      await Promise.all(all.slice(start, start + SIDE_BY_SIDE).map((order) => play(cast, order)));
    }
  });
}
