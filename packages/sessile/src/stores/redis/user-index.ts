// The steps on the index of one user's sessions. Which step follows which is decided by create, revoke and list.

import type { SessionRecord } from "../../core/record.ts";
import type { UserLimit } from "../../core/store.ts";
import { readableRecord } from "../network/codec.ts";
import type { Position } from "../paging.ts";
import { isAnswer, type Script } from "./link.ts";
import { CLOCK_MARGIN, type Records } from "./records.ts";
import { ADMIT, CHUNK, CONFIRM, RANGE, RESTORE, REVOKE } from "./scripts.ts";

/** A `create` that takes longer than this has lost its place. */
const PENDING_TIMEOUT = 60_000;

/** c confirmed, p pending, r marked as revoked; see `scripts.ts`. */
export type State = "c" | "p" | "r";

export interface Confirmed {
  readonly status: "confirmed" | "revoked" | "full" | "refused";
  /** Marked by this call. */
  readonly evicted: readonly string[];
  /** The first of all that are marked, by any call. */
  readonly marked: readonly string[];
}

export interface Marked {
  /** Marked by this call, and had begun. */
  readonly begun: readonly string[];
  /** Marked by this call while they were being created. */
  readonly pending: readonly string[];
  /** The first of all that are marked, by any call. */
  readonly marked: readonly string[];
}

/** A member and its score, as the sorted set orders them. */
export interface IndexPosition {
  readonly score: number;
  readonly member: string;
}

/** Part of an index, in the order of `byAge`. */
export interface IndexPart {
  readonly marked: readonly string[];
  readonly confirmed: readonly Position[];
  /** The start of the next part; `null` when this is the last. */
  readonly next: IndexPosition | null;
}

export class UserIndex {
  readonly #records: Records;
  readonly #key: string;

  constructor(records: Records, userId: string) {
    this.#records = records;
    this.#key = records.keys.user(userId);
  }

  /** Asks for a place. False where the index names the sid already. */
  async admit({ sid, createdAt: now, absoluteExpiresAt }: SessionRecord): Promise<boolean> {
    const instants = [now, now - CLOCK_MARGIN, now + PENDING_TIMEOUT, absoluteExpiresAt, CLOCK_MARGIN];
    return (await this.#run(ADMIT, sid, ...instants)) === "admitted";
  }

  /** Asks for the place for good, within the limit. `hasLooked`: sessions that ended unnoticed were looked for. */
  async confirm(record: SessionRecord, limit: UserLimit | undefined, hasLooked: boolean): Promise<Confirmed> {
    const { sid, createdAt: now, absoluteExpiresAt } = record;
    const rule = [limit?.max ?? 0, Number(limit?.onExceeded === "refuse"), Number(hasLooked)];
    const reply = await this.#run(CONFIRM, sid, now, absoluteExpiresAt, CLOCK_MARGIN, ...rule);
    const [status, evicted = [], marked = []] = reply as [Confirmed["status"], string[]?, string[]?];
    return { status, evicted, marked: marked.map(sidOf) };
  }

  /**
   * Enters a session that the index has lost. One that ended meanwhile is taken out again: its own end may have come
   * before the entry. True when the index names it by this call.
   */
  async enter({ sid, absoluteExpiresAt }: SessionRecord): Promise<boolean> {
    if (await this.names(sid, ["c"])) return false;
    if (Number(await this.#run(RESTORE, sid, absoluteExpiresAt, CLOCK_MARGIN)) === 0) return false;
    if (!(await this.#records.isAbsent(sid))) return true;
    await this.forget(["c"], [sid]);
    return false;
  }

  /** True when it names the session in any of these states. An index of another type names none. */
  async names(sid: string, states: readonly State[]): Promise<boolean> {
    try {
      const scores = await Promise.all(states.map((state) => this.#send("ZSCORE", state + sid)));
      return scores.some((score) => score !== null);
    } catch (error) {
      if (isAnswer(error, "WRONGTYPE")) return false;
      throw error;
    }
  }

  /** True when it has lost a session that is there. */
  async hasLost(sid: string): Promise<boolean> {
    return !(await this.names(sid, ["c", "p", "r"])) && !(await this.#records.isAbsent(sid));
  }

  /** Marks all sessions but `except` as revoked, those being created too. */
  async markAll(except = ""): Promise<Marked> {
    const [begun, pending, marked] = (await this.#run(REVOKE, except)) as [string[], string[], string[]];
    return { begun, pending, marked: marked.map(sidOf) };
  }

  /**
   * Deletes the records of marked sids, then the marks, until no mark is left: also those that a crashed caller left.
   * `marked` are the first ones. Returns the sids whose record was there.
   */
  async finishMarked(marked: readonly string[]): Promise<readonly string[]> {
    const ended: string[] = [];
    for (let sids = marked; sids.length > 0; ) {
      const removed = await Promise.all(sids.map((sid) => this.#records.remove(sid)));
      ended.push(...sids.filter((_, i) => removed[i]));
      await this.forget(["r"], sids);
      sids = sids.length < CHUNK ? [] : (await this.read(null)).marked;
    }
    return ended;
  }

  /** Removes the members of these sids in these states. */
  async forget(states: readonly State[], sids: readonly string[]): Promise<void> {
    const members = states.flatMap((state) => sids.map((sid) => state + sid));
    if (members.length > 0) await this.#send("ZREM", ...members);
  }

  /**
   * Removes the confirmed entries for which `hasEnded`. A sid that was confirmed is never used again, so that is safe.
   */
  async forgetEnded(hasEnded: (sid: string) => Promise<boolean>): Promise<void> {
    let position: IndexPosition | null = null;
    do {
      const { confirmed, next }: IndexPart = await this.read(position);
      const ended = await Promise.all(confirmed.map(({ sid }) => hasEnded(sid)));
      await this.forget(
        ["c"],
        confirmed.filter((_, i) => ended[i]).map(({ sid }) => sid),
      );
      position = next;
    } while (position !== null);
  }

  /** Reads on from `after`; from the start, where the marks are, when it is `null`. */
  async read(after: IndexPosition | null, size = CHUNK): Promise<IndexPart> {
    for (let most = size; ; most *= 2) {
      const read = pairsOf((await this.#run(RANGE, after?.score ?? "-inf", most)) as string[]);
      const fresh = after === null ? read : read.filter((position) => follows(position, after));
      // Nothing but members of the same millisecond that were seen before: read further, or this would never end.
      if (fresh.length === 0 && read.length === most) continue;
      const confirmed = fresh.filter(({ member }) => member.startsWith("c"));
      return {
        marked: fresh.filter(({ member }) => member.startsWith("r")).map(({ member }) => sidOf(member)),
        confirmed: confirmed.map(({ member, score }) => ({ sid: sidOf(member), absoluteExpiresAt: score })),
        next: read.length < most ? null : (read.at(-1) ?? null),
      };
    }
  }

  #run(script: Script, ...args: readonly (string | number)[]): Promise<unknown> {
    return this.#records.link.run(script, this.#key, args.map(String));
  }

  #send(command: string, ...args: readonly string[]): Promise<unknown> {
    return this.#records.link.send(this.#key, [command, this.#key, ...args]);
  }
}

function pairsOf(reply: readonly string[]): IndexPosition[] {
  return Array.from({ length: reply.length / 2 }, (_, i) => ({
    member: reply[2 * i] as string,
    score: Number(reply[2 * i + 1]),
  }));
}

function follows(position: IndexPosition, after: IndexPosition): boolean {
  return position.score > after.score || (position.score === after.score && position.member > after.member);
}

function sidOf(member: string): string {
  return member.slice(1);
}

/** The records of sids, those apart that cannot be read. */
export async function readAll(records: Records, sids: readonly string[]): Promise<(SessionRecord | null)[]> {
  const texts = await Promise.all(sids.map((sid) => records.read(sid)));
  return sids.map((sid, i) => readableRecord(texts[i] ?? null, sid));
}
