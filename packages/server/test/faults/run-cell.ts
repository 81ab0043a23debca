// Runs one cell of the matrix: the workload begins, something breaks, is set right, the workload ends, and what clients
// were told is compared with what is there.

import { setTimeout as pause } from "node:timers/promises";
import { ROTATE_AFTER } from "./app-process.ts";
import type { Scene } from "./faults.ts";
import { type Answer, type Counts, Ledger, type Life } from "./ledger.ts";
import type { Cell } from "./matrix.ts";
import { openPlace, type Place, type RedisNodes, smallDisk } from "./places.ts";
import { anyOf, ask, shiftAll, startWorkload, type Target } from "./workload.ts";

export interface Result {
  readonly cell: Cell;
  readonly counts: Counts;
  /** From the first to the last request that failed, in milliseconds; 0 when none did. */
  readonly failing: number;
  /** From the moment at which it was set right to the last that failed. */
  readonly after: number;
  /** Broken promises that are no documented exception; empty when all is well. */
  readonly broken: readonly string[];
}

const BEFORE = 1000;
const AFTER = 1500;
const PATIENCE = 60_000;

/** `null` where the fault cannot be made on this machine. */
export async function runCell(cell: Cell): Promise<Result | null> {
  const disk = cell.how.needsDisk === true ? smallDisk() : "";
  if (disk === null) return null;
  const place = await openPlace(cell.store, { ...cell.how.options, ...(disk !== "" && { disk }) });
  try {
    return await runIn(place, cell, disk);
  } finally {
    await place.close();
  }
}

async function runIn(place: Place, cell: Cell, disk: string): Promise<Result> {
  const ledger = new Ledger(place.staleness);
  const liveToken = (): string | undefined => anyOf(ledger.lives.filter(({ state }) => state === "live"))?.token;
  // A fault of Redis is only run on one; see the matrix.
  const scene: Scene = { ...place, redis: place.redis as RedisNodes, disk, liveToken };
  await cell.how.prepare?.(scene);
  const workload = await startWorkload(place.apps, ledger, place.staleness);
  await pause(BEFORE);
  const undo = await cell.how.begin(scene);
  await pause(cell.how.lasts);
  await undo();
  const rightAt = performance.now();
  const isWell = await untilWell(place.apps);
  await pause(AFTER);
  await workload.stop();
  ledger.endRun();
  await pause(place.staleness);
  // By now each offer is old enough to be taken by the client that uses it.
  await shiftAll(place.apps, 2 * ROTATE_AFTER);
  const isAnswered = await compare(place.apps, ledger);
  const counts = ledger.counts;
  const failing = (ledger.failedAt.at(-1) ?? 0) - (ledger.failedAt[0] ?? 0);
  const after = Math.max((ledger.failedAt.at(-1) ?? 0) - rightAt, 0);
  return {
    cell,
    counts,
    failing,
    after,
    broken: [...brokenBy(cell, counts, isWell && isAnswered), ...new Set(ledger.unexpected)],
  };
}

/** Every server does everything again, several times in a row: a Cluster may be well in part. */
async function untilWell(apps: readonly Target[]): Promise<boolean> {
  const givenUpAt = performance.now() + PATIENCE;
  for (let inARow = 0; inARow < 4 * apps.length; ) {
    if (performance.now() > givenUpAt) return false;
    inARow = (await isWell(apps[inARow % apps.length] as Target)) ? inARow + 1 : 0;
    if (inARow === 0) await pause(50);
  }
  return true;
}

async function isWell(app: Target): Promise<boolean> {
  const { token } = await ask(app, "sign-in");
  if (token === null) return false;
  const statuses = [
    await ask(app, "mark?mark=x", token),
    await ask(app, "read", token),
    await ask(app, "sign-out", token),
  ];
  return statuses.every(({ status }) => status === 200);
}

/** Asks about every session that began. False when one was not answered. */
async function compare(apps: readonly Target[], ledger: Ledger): Promise<boolean> {
  let isAnswered = true;
  for (const life of [...ledger.lives]) {
    for (const app of apps) isAnswered &&= await compareOne(app, ledger, life);
  }
  return isAnswered;
}

/** An earlier token of a live session is not tried: it would be taken for theft. */
async function compareOne(app: Target, ledger: Ledger, life: Life): Promise<boolean> {
  const tokens = life.state === "ended" ? [life.token, ...life.earlier] : life.state === "live" ? [life.token] : [];
  for (const token of tokens) {
    const answer = await askUntilAnswered(app, token);
    if (answer === null) return false;
    if (life.state === "ended") ledger.noteEnded(life, answer);
    else ledger.note("read", life, answer);
  }
  return true;
}

async function askUntilAnswered(app: Target, token: string): Promise<Answer | null> {
  const givenUpAt = performance.now() + PATIENCE;
  while (performance.now() < givenUpAt) {
    const answer = await ask(app, "read", token);
    if (answer.status === 200 || answer.status === 401) return answer;
    await pause(100);
  }
  return null;
}

function brokenBy({ losses }: Cell, counts: Counts, isWell: boolean): readonly string[] {
  const never = ["lostWrites", "doubled", "wrong401", "revived", "revoked409", "unexpected"] as const;
  const broken: string[] = never.filter((loss) => counts[loss] > 0 && !(losses as readonly string[]).includes(loss));
  return isWell ? broken : [...broken, "not well again"];
}
