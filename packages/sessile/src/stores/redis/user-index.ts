// The steps on the index of one user's sessions. Which step follows which is decided by create, revoke and list.

import type { SessionRecord } from "../../core/record.ts";
import type { UserLimit } from "../../core/store.ts";
import { readableRecord } from "../network/codec.ts";
import type { Position } from "../paging.ts";
import { isAnswer, type Script } from "./link.ts";
import type { Records } from "./records.ts";
import { ADMIT, CHUNK, CLOCK_MARGIN, CONFIRM, RANGE, RESTORE, REVOKE } from "./scripts.ts";

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

/** The start of what is not marked. */
const AFTER_MARKS: IndexPosition = { score: 0, member: "" };

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

  /**
   * Asks for a place. False where the index names the sid already. In a large index it looks at some entries, taken at
   * random, and forgets those of sessions that are gone. Nothing waits for that.
   */
  async admit(record: SessionRecord): Promise<boolean> {
    const random = Math.floor(Math.random() * 2 ** 31);
    const reply = await this.#run(ADMIT, record.sid, lastsUntil(record), random);
    const [status, confirmed = []] = reply as [string, string[]?];
    if (confirmed.length > 0) void this.#forgetSome(confirmed, (sid) => this.#records.isAbsent(sid)).catch(() => {});
    return status === "admitted";
  }

  /** Asks for the place for good, within the limit. `hasLooked`: sessions that ended unnoticed were looked for. */
  async confirm(record: SessionRecord, limit: UserLimit | undefined, hasLooked: boolean): Promise<Confirmed> {
    const rule = [limit?.max ?? 0, Number(limit?.onExceeded === "refuse"), Number(hasLooked)];
    const reply = await this.#run(CONFIRM, record.sid, record.createdAt, ...rule);
    const [status, evicted = [], marked = []] = reply as [Confirmed["status"], string[]?, string[]?];
    return { status, evicted, marked: marked.map(sidOf) };
  }

  /**
   * Enters a session that the index has lost. One that ended meanwhile is taken out again: its own end may have come
   * before the entry. True when the index names it by this call.
   */
  async enter(record: SessionRecord): Promise<boolean> {
    const { sid, createdAt } = record;
    if (await this.names(sid, ["c"])) return false;
    if (Number(await this.#run(RESTORE, sid, createdAt, lastsUntil(record))) === 0) return false;
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
    let position: IndexPosition | null = AFTER_MARKS;
    do {
      const { confirmed, next }: IndexPart = await this.read(position);
      const sids = confirmed.map(({ sid }) => sid);
      await this.#forgetSome(sids, hasEnded);
      position = next;
    } while (position !== null);
  }

  async #forgetSome(sids: readonly string[], hasEnded: (sid: string) => Promise<boolean>): Promise<void> {
    const ended = await Promise.all(sids.map(hasEnded));
    await this.forget(
      ["c"],
      sids.filter((_, i) => ended[i]),
    );
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
        confirmed: confirmed.map(({ member, score }) => ({ sid: sidOf(member), createdAt: score })),
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

/** An index lasts as long as the longest session that it names could. */
function lastsUntil({ absoluteExpiresAt }: SessionRecord): number {
  return absoluteExpiresAt + CLOCK_MARGIN;
}

function sidOf(member: string): string {
  return member.slice(1);
}

/** The records of sids, those apart that cannot be read. */
export async function readAll(records: Records, sids: readonly string[]): Promise<(SessionRecord | null)[]> {
  const texts = await Promise.all(sids.map((sid) => records.read(sid)));
  return sids.map((sid, i) => readableRecord(texts[i] ?? null, sid));
}
