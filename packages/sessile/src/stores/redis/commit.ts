// How a delta reaches a stored record: applied here by `applyDelta`, written where the version is still the same.

import { applyDelta, type SessionDelta } from "../../core/delta.ts";
import { isSessionError } from "../../core/errors.ts";
import type { SessionRecord } from "../../core/record.ts";
import type { Committed } from "../../core/store.ts";
import { readableRecord } from "./codec.ts";
import { type Reach, readText, replaceRecord } from "./records.ts";

const GONE: Committed = Object.freeze({ status: "gone" });

/**
 * Starts from `known`, usually the record as the request loaded it: then the usual commit is one round trip. `known` may
 * be out of date, so nothing is refused because of it; what refuses a delta is a record read during this very call.
 *
 * Each time round, another writer has written in between. The deadline ends it, at the latest.
 */
export async function commitDelta(
  reach: Reach,
  sid: string,
  delta: SessionDelta,
  known: SessionRecord | null,
  endsAt: number,
): Promise<Committed> {
  let record = known ?? readableRecord(await readText(reach, sid, endsAt), sid);
  for (let isFresh = known === null; record !== null; isFresh = true) {
    const next = apply(record, delta);
    if (typeof next === "string") {
      const isPast = delta.ifVersion !== undefined && delta.ifVersion < record.version; // versions only go up
      if (isFresh || (isPast && next === "conflict")) return next === "gone" ? GONE : { status: "conflict", record };
      record = readableRecord(await readText(reach, sid, endsAt), sid);
    } else {
      const [answer, current] = await replaceRecord(reach, record.version, next, endsAt);
      if (answer === "written") return { status: "ok", record: next };
      record = readableRecord(current ?? null, sid);
    }
  }
  return GONE;
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
