// The order of a migration: refusals, marks on both stores, number of passes. Prints nothing.

import type { SessionStore, StoreStats } from "sessile/store";
import { UsageError } from "../../config/usage-error.ts";
import { clearMarker, MARKER_SID, type Marker, readMarker, setMarker } from "../../store/marker.ts";
import { Copy, type Ends, type Pass } from "./copy.ts";
import { patiently } from "./patience.ts";
import { type Verdict, verify } from "./verify.ts";

export interface Side {
  readonly store: SessionStore;
  /** Without passwords in it. */
  readonly name: string;
}

/** Called at the start of each part of the work. The functions it returns take the progress and the result. */
export type Report = (
  label: string,
  total: number | null,
) => {
  readonly update: (done: number) => void;
  readonly end: (text: string) => void;
};

export interface Outcome {
  readonly passes: readonly Pass[];
  /** `null` until the migration is finished. */
  readonly verdict: Verdict | null;
}

/** After this number of passes, more of them will not overtake the changes. */
const MOST_PASSES = 10;
/** A pass with no more changes than this makes another one pointless. */
const FEW = 100;

export class Migration {
  readonly #from: Side;
  readonly #to: Side;
  readonly #ends: Ends;
  readonly #copy: Copy;
  readonly #signal: AbortSignal;
  readonly #report: Report;
  readonly #passes: Pass[] = [];

  constructor(from: Side, to: Side, signal: AbortSignal, report: Report) {
    this.#from = from;
    this.#to = to;
    this.#ends = { from: from.store, to: to.store };
    this.#copy = new Copy(this.#ends, signal);
    this.#signal = signal;
    this.#report = report;
  }

  get passes(): readonly Pass[] {
    return this.#passes;
  }

  /**
   * Marks the target, so that no server starts on it, and reads what it holds. Throws `UsageError` for stores that do
   * not fit together.
   */
  async begin(): Promise<void> {
    const [source, target] = [await readMarker(this.#from.store), await readMarker(this.#to.store)];
    if (source?.state === "filling")
      throw new UsageError(`${this.#from.name} is itself being filled, from ${source.store}.`);
    if (source !== null && !isBetween(source, target, this.#from, this.#to))
      throw new UsageError(
        `The sessions of ${this.#from.name} have moved to ${source.store}, and what is left here is old: sessions that ended since would come back. Migrate from ${source.store}.`,
      );
    if (target === null && !(await isEmpty(this.#to.store)))
      throw new UsageError(
        `${this.#to.name} holds sessions already, and a migration deletes what the source has not. Empty it, or choose another.`,
      );
    const isForeign = target !== null && target.store !== this.#from.name;
    if (isForeign) throw new UsageError(`${this.#to.name} belongs to a migration from or to ${target.store}.`);
    await setMarker(this.#to.store, { state: "filling", store: this.#from.name });
    const report = this.#report("Reading the target", null);
    await this.#copy.readTarget(report.update);
    report.end(`${this.#copy.size} sessions`);
  }

  /** Runs passes while the source is served, until the next would find as many changes again. */
  async copyLive(): Promise<void> {
    for (let before = Number.POSITIVE_INFINITY; this.#passes.length < MOST_PASSES; ) {
      const changes = changesOf(await this.#pass());
      if (changes < FEW || changes > before / 2) return;
      before = changes;
    }
  }

  /**
   * Call it when no server writes to the source any more.
   * 1. It marks the source as moved: no server starts on it, and running ones report that they are not ready.
   * 2. It runs passes until one finds no change.
   * 3. It compares everything.
   *
   * The target may be served when the verdict has no objection. Throws `UsageError` while the source still changes.
   */
  async finish(): Promise<Verdict> {
    await patiently(() => setMarker(this.#from.store, { state: "moved", store: this.#to.name }));
    for (let passes = 0; changesOf(await this.#pass()) > 0; passes++) {
      if (passes === 2)
        throw new UsageError(`${this.#from.name} still changes. Stop all servers that use it, and run this again.`);
    }
    const report = this.#report("Comparing", this.#copy.size);
    const verdict = await verify(this.#ends, this.#copy, this.#signal, report.update);
    report.end(`${verdict.same} sessions are the same in both`);
    if (isGood(verdict)) await patiently(() => clearMarker(this.#to.store));
    else await this.#forget(verdict);
    return verdict;
  }

  /** Records with equal versions that differ were changed on both sides: the next run writes the source's. */
  async #forget({ different, revived }: Verdict): Promise<void> {
    for (const sid of [...different, ...revived]) await patiently(() => this.#to.store.delete(sid));
  }

  async #pass(): Promise<Pass> {
    const { sessions, isEstimate } = await patiently<StoreStats>(() => this.#from.store.stats());
    const report = this.#report(`Pass ${this.#passes.length + 1}`, isEstimate === true ? null : sessions);
    const pass = await this.#copy.pass(report.update);
    report.end(
      `${pass.created} new, ${pass.replaced} changed, ${pass.deleted} ended; ${this.#copy.size} in the target`,
    );
    this.#passes.push(pass);
    return pass;
  }
}

export function isGood({ missing, revived, different }: Verdict): boolean {
  return missing.length + revived.length + different.length === 0;
}

/**
 * Returns the source to service; the target stays a copy that no server starts on. Throws `UsageError` when there is
 * nothing to abandon.
 */
export async function abandon(from: Side, to: Side): Promise<void> {
  const [source, target] = [await readMarker(from.store), await readMarker(to.store)];
  if (!isFilledFrom(target, from))
    throw new UsageError(
      `There is no unfinished migration from ${from.name} into ${to.name}. To go back, migrate the other way.`,
    );
  if (isBetween(source, target, from, to)) await clearMarker(from.store);
}

/** Whether `from` was handed over to `to` and `to` is not served yet: only then does `from` still have every change. */
function isBetween(source: Marker | null, target: Marker | null, from: Side, to: Side): boolean {
  return source?.state === "moved" && source.store === to.name && isFilledFrom(target, from);
}

function isFilledFrom(target: Marker | null, from: Side): boolean {
  return target?.state === "filling" && target.store === from.name;
}

function changesOf({ created, replaced, deleted }: Pass): number {
  return created + replaced + deleted;
}

async function isEmpty(store: SessionStore): Promise<boolean> {
  for (let after: string | null | undefined; after !== null; ) {
    const { records, next } = await store.scan({ limit: 10, ...(after !== undefined && { after }) });
    if (records.some(({ sid, expiresAt }) => sid !== MARKER_SID && expiresAt > Date.now())) return false;
    after = next;
  }
  return true;
}
