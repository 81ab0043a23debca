// An offer of a new token, its use and its end, by two processes with copies of one session, in orders of their steps
// and of the word that each gets of the other's.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Session } from "sessile";
import { applyDelta, type Committed, type SessionDelta, type SessionRecord, type SessionStore } from "sessile/store";
import { byDepth } from "sessile-test-support/depth";
import { type Bag, Bench, sidOf } from "../../support/requests.ts";
import { benchOver, type CachedBench, turn } from "./fakes.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const OPTIONS = { idleTimeout: 20 * HOUR, touchInterval: 19 * HOUR, rotateAfter: HOUR, rotationGrace: MINUTE };

type Commit = (record: SessionRecord, delta: SessionDelta, base?: SessionRecord) => ReturnType<typeof applyDelta>;

/** A command of a process: it is done, and answered, when the test says so. */
interface Sent {
  readonly execute: () => void;
  readonly answer: () => void;
}

/** What a request of the browser came to. */
interface Done {
  readonly userId: string | null;
  readonly issued: string | undefined;
}

/** One session behind two processes, each with a cache of its own and a manager. */
class World {
  readonly benches: readonly Bench[];
  /** What became of the requests, in the order in which their answers arrived. */
  readonly done: Done[] = [];
  #record: SessionRecord | null = null;
  #isGated = false;
  readonly #commit: Commit;
  readonly #caches: readonly CachedBench[];
  readonly #sent: Sent[][] = [[], []];
  readonly #untold: Set<number> = new Set();

  constructor(commit: Commit) {
    this.#commit = commit;
    this.#caches = [0, 1].map((process) => benchOver(this.#store(process)));
    this.benches = this.#caches.map(({ cached }) => {
      const bench = new Bench({ ...OPTIONS, store: cached });
      bench.spied.showsCopies = true;
      return bench;
    });
  }

  /** A browser signs in, and an hour later is offered a new token; both processes have copies of that. */
  async begin(isOffered: boolean): Promise<{ present: string; offer: string | undefined }> {
    const [here, there] = this.benches as [Bench, Bench];
    const present = await here.signIn();
    this.pass(2 * HOUR);
    const offer = isOffered ? (await here.send(present, () => {})).issued : undefined;
    this.pass(MINUTE + 1);
    this.tell();
    if (isOffered) for (const bench of [here, there]) await bench.userOf(present);
    else for (const bench of [here, there]) await bench.spied.inner.load(sidOf(present));
    this.#isGated = true;
    return { present, offer };
  }

  pass(milliseconds: number): void {
    for (const { clock } of this.benches) clock.now += milliseconds;
  }

  /** Both processes hear of what was written since the last time. */
  tell(): void {
    for (const process of this.#untold) this.#caches[process]?.source.listener.changed(this.#record?.sid ?? this.#sid);
    this.#untold.clear();
  }

  #sid = "";

  /** The steps of one request: it begins, and each of its two commands, where it sends them, is done and is answered. */
  request(process: number, token: string, act: (session: Session<Bag>) => unknown): (() => unknown)[] {
    const bench = this.benches[process] as Bench;
    const sent = this.#sent[process] as Sent[];
    const begin = () => {
      void bench
        .send(token, async (session) => {
          const { userId } = session;
          await act(session);
          return userId;
        })
        .then(({ issued, result }) => this.done.push({ issued, userId: result }));
    };
    const command = [() => sent[0]?.execute(), () => sent.shift()?.answer()];
    return [begin, ...command, ...command];
  }

  /** Whatever is under way comes to its end. */
  async finish(): Promise<void> {
    this.#isGated = false;
    for (let i = 0; i < 4; i++) {
      for (const sent of this.#sent) {
        for (const { execute, answer } of sent.splice(0)) {
          execute();
          answer();
        }
      }
      await turn();
    }
    this.tell();
  }

  /** Names of the events of both processes. */
  events(): string[] {
    return this.benches.flatMap((bench) => bench.takeEvents());
  }

  #store(process: number): SessionStore {
    const ask = <T>(act: () => T): Promise<T> => {
      if (!this.#isGated) return Promise.resolve(act());
      return new Promise((resolve) => {
        let done: { value: T } | undefined;
        const execute = () => {
          done ??= { value: act() };
        };
        const answer = () => {
          execute();
          if (done !== undefined) resolve(done.value);
        };
        this.#sent[process]?.push({ execute, answer });
      });
    };
    const write = (record: SessionRecord | null) => {
      this.#record = record;
      this.#untold.add(0).add(1);
    };
    return {
      load: () => ask(() => this.#record),
      create: async (record: SessionRecord) => {
        this.#record = record;
        this.#sid = record.sid;
        return { status: "created", evicted: [] };
      },
      commit: (_sid: string, delta: SessionDelta, base?: SessionRecord) =>
        ask((): Committed => {
          if (this.#record === null) return { status: "gone" };
          const next = this.#commit(this.#record, delta, base);
          if (next === "gone") return { status: "gone" };
          if (next === "conflict") return { status: "conflict", record: this.#record };
          write(next);
          return { status: "ok", record: next };
        }),
      delete: () =>
        ask(() => {
          const wasThere = this.#record !== null;
          write(null);
          return wasThere;
        }),
    } as unknown as SessionStore;
  }
}

type Act = (session: Session<Bag>) => unknown;
type Which = "present" | "offer";

interface Scene {
  readonly name: string;
  /** Which token each process is sent, and what its handler does. */
  readonly requests: readonly (readonly [Which, Act])[];
  readonly isOffered: boolean;
  readonly ends?: boolean;
}

const reads: Act = () => {};
const signsOut: Act = (session) => session.signOut();
const rotates: Act = (session) => session.rotate();

const SCENES: readonly Scene[] = [
  {
    name: "two requests that are due an offer",
    requests: [
      ["present", reads],
      ["present", reads],
    ],
    isOffered: false,
  },
  {
    name: "the use of an offer, and the token before it",
    requests: [
      ["offer", reads],
      ["present", reads],
    ],
    isOffered: true,
  },
  {
    name: "the use of an offer, twice",
    requests: [
      ["offer", reads],
      ["offer", reads],
    ],
    isOffered: true,
  },
  {
    name: "the use of an offer, and a hard rotation",
    requests: [
      ["offer", reads],
      ["offer", rotates],
    ],
    isOffered: true,
  },
  {
    name: "a hard rotation, and the token before it",
    requests: [
      ["present", rotates],
      ["present", reads],
    ],
    isOffered: true,
  },
  {
    name: "the use of an offer, and a sign-out",
    requests: [
      ["offer", reads],
      ["offer", signsOut],
    ],
    isOffered: true,
    ends: true,
  },
  {
    name: "a sign-out, and a request that is due an offer",
    requests: [
      ["present", signsOut],
      ["present", reads],
    ],
    isOffered: false,
    ends: true,
  },
];

/** Every order of so many steps of each actor, as the actors' numbers. */
function* orders(left: number[], order: number[] = []): Generator<number[]> {
  if (left.every((count) => count === 0)) yield order;
  for (const [actor, count] of left.entries()) {
    if (count > 0) yield* orders(left.with(actor, count - 1), [...order, actor]);
  }
}

async function play(scene: Scene, order: readonly number[], commit: Commit): Promise<void> {
  const world = new World(commit);
  const tokens = await world.begin(scene.isOffered);
  const requests = scene.requests.map(([which, act], process) => world.request(process, tokens[which] as string, act));
  const tells = Array.from({ length: TELLS }, () => () => world.tell());
  const actors = [...requests, tells];
  world.events();
  for (const actor of order) {
    await actors[actor]?.shift()?.();
    await turn();
  }
  await world.finish();
  await judge(scene, world, tokens);
}

/** How often word of the writes comes while the requests run. All comes at the end. */
const TELLS = byDepth(1, 1, 2);

async function judge(
  scene: Scene,
  world: World,
  tokens: { present: string; offer: string | undefined },
): Promise<void> {
  const { done, benches } = world;
  assert.equal(done.length, 2, "both requests were answered");
  const events = world.events();
  assert.deepEqual(
    events.filter((name) => name === "reuseDetected"),
    [],
    "an honest browser was taken for two",
  );
  const issued = done.flatMap((each) => (each.issued ? [each.issued] : []));
  if (scene.ends === true) {
    for (const token of [tokens.present, tokens.offer, ...issued])
      for (const bench of benches) if (token !== undefined) assert.equal(await bench.userOf(token), null);
    return;
  }
  assert.ok(
    done.every(({ userId }) => userId !== null),
    "both requests were let in",
  );
  assert.ok(issued.length <= 1, "one new token at most");
  const sent = scene.requests.some(([which]) => which === "offer") ? (tokens.offer as string) : tokens.present;
  const newest = issued[0] ?? sent;
  for (let i = 0; i < 3; i++) {
    for (const bench of benches) assert.notEqual(await bench.userOf(newest), null, "the newest token opens");
    world.tell();
    world.pass(MINUTE);
  }
  assert.deepEqual(
    world.events().filter((name) => name === "reuseDetected"),
    [],
  );
  if (newest === tokens.present) return;
  assert.equal(await benches[1]?.userOf(tokens.present), null, "whoever has the first token is told apart");
  assert.deepEqual(
    world.events().filter((name) => name === "reuseDetected"),
    ["reuseDetected"],
  );
  world.tell();
  for (const bench of benches) assert.equal(await bench.userOf(newest), null, "and the session ends");
}

async function playAll(scene: Scene, commit: Commit = applyDelta): Promise<number> {
  let count = 0;
  for (const order of orders([...scene.requests.map(() => 5), TELLS])) {
    if (count++ % EACH !== 0) continue;
    await play(scene, order, commit).catch((error: unknown) => {
      throw new Error(`${scene.name}, ${order.join(" ")}: ${(error as Error).message}`, { cause: error });
    });
  }
  return Math.ceil(count / EACH);
}

/** Of so many orders one is played. */
const EACH = byDepth(16, 4, 1);

for (const scene of SCENES) {
  test(`D7: ${scene.name}, by two processes with copies, in orders of their steps`, async (t) => {
    t.diagnostic(`${await playAll(scene)} orders`);
  });
}

test("a store that changes the secrets of a copy, not of what it has, is found out", async () => {
  const onCopies: Commit = (record, delta, base) => applyDelta(base ?? record, delta);
  await assert.rejects(async () => {
    for (const scene of SCENES) await playAll(scene, onCopies);
  }, /newest token opens|taken for two|one new token|let in/);
});
