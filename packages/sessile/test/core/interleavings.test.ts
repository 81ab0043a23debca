// Several requests of one session at once, each doing several things in a random order, over a slow store. In every
// order an ended session stays dead, nothing acknowledged is lost, nothing is left over, and no user is locked out.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Session } from "sessile";
import { byDepth } from "sessile-test-support/depth";
import { digestSecret } from "#dist/core/token.js";
import { all, type Bag, Bench, ResponseRecorder, sidOf } from "../support/requests.ts";

const ROUNDS = byDepth(100, 500, 50_000);
const REQUESTS = 4;

type Random = (below: number) => number;

function seeded(start: number): Random {
  let seed = start;
  return (below) => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise(setImmediate);
}

/** The changes of one request to its session. */
class Story {
  /** Additions that the store acknowledged, and additions that it may hold. */
  readonly added = { least: 0, most: 0 };
  readonly ended = new Set<string>();
  issued: string | undefined;
  readonly #session: Session<Bag>;
  readonly #commit: (status: number, response: ResponseRecorder) => unknown;
  readonly #original: string;

  constructor(original: string, { session, commit }: Awaited<ReturnType<Bench["open"]>>) {
    this.#session = session;
    this.#commit = commit;
    this.#original = original;
  }

  async run(random: Random, kinds: number): Promise<void> {
    const waiting: Promise<void>[] = [];
    for (let steps = 1 + random(5); steps > 0; steps--) {
      const step = this.#step(random(kinds)).catch(expectStateError);
      waiting.push(step);
      if (random(3) > 0) await step;
      await turns(random(2));
    }
    const response = new ResponseRecorder();
    const status = random(5) === 0 ? 500 : 200;
    await this.#commit(status, response);
    await Promise.all(waiting);
    this.issued = response.get("x-session-token");
    if (status === 200) this.added.least = this.added.most;
  }

  async #step(kind: number): Promise<void> {
    const session = this.#session;
    const { sid } = session;
    if (kind < 4) this.#add();
    else if (kind === 4) session.rotate();
    else if (kind === 5) session.set(`k${sid}`, 1);
    else if (kind < 8) await this.#flush();
    else if (kind === 8) await session.signOut();
    else await session.signIn("ann");
    if (kind >= 8 && sid !== null) this.ended.add(sid);
  }

  #add(): void {
    this.#session.update("n", (n) => Number(n ?? 0) + 1);
    if (this.#session.sid === this.#original) this.added.most++;
  }

  async #flush(): Promise<void> {
    const { most } = this.added;
    await this.#session.commit();
    this.added.least = Math.max(this.added.least, most);
  }
}

/** A write after a sign-out that the handler did not wait for. */
function expectStateError(error: { code?: string }): void {
  assert.equal(error.code, "ERR_SESSION_STATE", String(error));
}

for (const [kinds, endings] of [
  [8, "none that end the session"],
  [10, "some that end the session"],
] as const) {
  test(`F3, F4: ${ROUNDS} random interleavings of ${REQUESTS} requests, with ${endings}`, async () => {
    for (let round = 0; round < ROUNDS; round++) await playRound(round, kinds);
  });
}

async function playRound(round: number, kinds: number): Promise<void> {
  const random = seeded(round);
  const bench = new Bench();
  bench.spied.before = () => turns(random(3));
  bench.spied.after = () => turns(random(3));
  const token = await bench.signIn();
  const original = sidOf(token);
  const stories = await all(REQUESTS, async () => new Story(original, await bench.open(token)));
  await Promise.all(stories.map((story) => story.run(random, kinds)));

  const told = `round ${round}`;
  for (const sid of stories.flatMap((story) => [...story.ended])) {
    assert.equal(await bench.spied.inner.load(sid), null, `${told}: an ended session is dead`);
  }
  const issued = [token, ...stories.flatMap((story) => story.issued ?? [])];
  const live = new Set<string>();
  for (const each of issued) if ((await bench.recordOf(each)) !== null) live.add(sidOf(each));
  assert.equal(
    (await bench.manager.stats()).sessions,
    live.size,
    `${told}: every record belongs to a token that a client has`,
  );

  const record = await bench.recordOf(token);
  if (record === null) return;
  const digests = issued.filter((each) => sidOf(each) === original).map((each) => digestSecret(each.slice(26, 70)));
  assert.ok(digests.includes(record.secretDigest), `${told}: some client has the current token`);
  const n = (JSON.parse(record.data) as { n?: number }).n ?? 0;
  const [least, most] = (["least", "most"] as const).map((bound) =>
    stories.reduce((sum, { added }) => sum + added[bound], 0),
  );
  assert.ok(n >= (least as number) && n <= (most as number), `${told}: ${n} of ${least} to ${most} additions`);
}
