// The way of a delta to a stored record: applied here by `applyDelta`, written if the record is still the same.

import { applyDelta, type SessionDelta } from "../../core/delta.ts";
import { isSessionError } from "../../core/errors.ts";
import type { SessionRecord } from "../../core/record.ts";
import type { Committed } from "../../core/store.ts";
import { beginningOfRecord, beginningOfText, readableRecord } from "./codec.ts";
import { failure } from "./link.ts";
import type { Records } from "./records.ts";
import { UserIndex } from "./user-index.ts";

const GONE: Committed = Object.freeze({ status: "gone" });

/** A record, and how its stored text begins. */
interface Known {
  readonly record: SessionRecord;
  readonly beginning: string;
}

/**
 * Starts from `base`, usually the record as the request loaded it: then the usual commit is one round trip. It may be
 * out of date, so nothing is refused because of it; what refuses a delta is a record read during this very call.
 *
 * Each time round, another writer has written in between. The deadline ends it, at the latest.
 *
 * The first touch of a minute also enters the session into its user's index, should that have been lost. Nothing waits
 * for it: the next one tries again.
 */
export async function commitDelta(
  records: Records,
  sid: string,
  delta: SessionDelta,
  base: SessionRecord | null,
  endsAt: number,
): Promise<Committed> {
  const read = async () => knownOf(await records.read(sid, endsAt), sid);
  let known = base === null ? await read() : { record: base, beginning: beginningOfRecord(base) };
  const origin = known;
  for (let isFresh = base === null; known !== null; isFresh = true) {
    const { record, beginning }: Known = known;
    checkHistory(origin, known, delta);
    const next = apply(record, delta);
    if (typeof next === "string") {
      const isPast = delta.ifVersion !== undefined && delta.ifVersion < record.version; // versions only go up
      if (isFresh || (isPast && next === "conflict")) return next === "gone" ? GONE : { status: "conflict", record };
      known = await read();
    } else {
      const [answer, current] = await records.replace(beginning, next, endsAt);
      if (answer === "written") {
        if (minuteOf(next) !== minuteOf(record)) void enter(records, next).catch(() => {});
        return { status: "ok", record: next };
      }
      known = knownOf(current ?? null, sid);
    }
  }
  return GONE;
}

/**
 * A failover lost the version that this delta was made for, and another of the same number took its place. The answer
 * cannot be `conflict` then, because the caller would see the very version that it asked for.
 */
function checkHistory(origin: Known | null, known: Known, { ifVersion }: SessionDelta): void {
  if (ifVersion === undefined || known.record.version !== ifVersion || origin?.record.version !== ifVersion) return;
  if (known.beginning === origin.beginning) return;
  throw failure("Redis lost what this request had read, as a failover may. Nothing was written; try again.");
}

function knownOf(text: string | null, sid: string): Known | null {
  const record = readableRecord(text, sid);
  return record && { record, beginning: beginningOfText(text as string, sid) };
}

async function enter(records: Records, record: SessionRecord): Promise<void> {
  if (record.userId !== null) await new UserIndex(records, record.userId).enter(record);
}

function minuteOf({ lastSeenAt }: SessionRecord): number {
  return Math.floor(lastSeenAt / 60_000);
}

/** A record whose data cannot be read is as good as absent. */
function apply(record: SessionRecord, delta: SessionDelta): SessionRecord | "gone" | "conflict" {
  try {
    return applyDelta(record, delta);
  } catch (error) {
    if (isSessionError(error, "ERR_SESSION_RECORD")) return "gone";
    throw error;
  }
}
