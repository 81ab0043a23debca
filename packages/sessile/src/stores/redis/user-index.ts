// The steps on the index of one user's sessions. Which step follows which is decided by create, revoke and list.

import type { SessionRecord } from "../../core/record.ts";
import type { UserLimit } from "../../core/store.ts";
import type { Position } from "../paging.ts";
import { readableRecord } from "./codec.ts";
import { isAnswer } from "./link.ts";
import { CLOCK_MARGIN, deleteRecord, isAbsent, type Reach, readText } from "./records.ts";
import { ADMIT, CHUNK, CONFIRM, RANGE, RESTORE, REVOKE } from "./scripts.ts";

/** A `create` that takes longer than this has lost its place. */
const PENDING_TIMEOUT = 60_000;

/** Asks for a place in the index. False where the index names the sid already. */
export async function admit({ link }: Reach, key: string, record: SessionRecord): Promise<boolean> {
  const { sid, createdAt: now, absoluteExpiresAt } = record;
  const instants = [now, now - CLOCK_MARGIN, now + PENDING_TIMEOUT, absoluteExpiresAt, CLOCK_MARGIN].map(String);
  return (await link.run(ADMIT, key, [sid, ...instants])) === "admitted";
}

export interface Confirmation {
  readonly status: "confirmed" | "revoked" | "full" | "refused";
  /** Marked by this call. */
  readonly evicted: readonly string[];
  /** The first of all that are marked, by any call. */
  readonly marked: readonly string[];
}

/** Asks for the place for good, within the limit. `hasLooked`: sessions that ended unnoticed were looked for. */
export async function confirm(
  { link }: Reach,
  key: string,
  { sid, createdAt: now, absoluteExpiresAt }: SessionRecord,
  limit: UserLimit | undefined,
  hasLooked: boolean,
): Promise<Confirmation> {
  const rule = [String(limit?.max ?? 0), limit?.onExceeded === "refuse" ? "1" : "0", hasLooked ? "1" : "0"];
  const instants = [now, absoluteExpiresAt, CLOCK_MARGIN].map(String);
  const reply = await link.run(CONFIRM, key, [sid, ...instants, ...rule]);
  const [status, evicted = [], marked = []] = reply as [Confirmation["status"], string[]?, string[]?];
  return { status, evicted, marked: marked.map(sidOf) };
}

/**
 * Enters a session that the index has lost. One that ended meanwhile is taken out again: its own end may have come before the entry.
 * True when the index names it by this call.
 */
export async function enter(reach: Reach, { sid, userId, absoluteExpiresAt }: SessionRecord): Promise<boolean> {
  if (userId === null) return false;
  const key = reach.keys.user(userId);
  if (await isIn(reach, key, sid, ["c"])) return false;
  const args = [sid, String(absoluteExpiresAt), String(CLOCK_MARGIN)];
  if (Number(await reach.link.run(RESTORE, key, args)) === 0) return false;
  if (!(await isAbsent(reach, sid))) return true;
  await forget(reach, key, ["c"], [sid]);
  return false;
}

/** Whether the index names the session in any of these states. An index of another type names none. */
async function isIn({ link }: Reach, key: string, sid: string, states: readonly State[]): Promise<boolean> {
  try {
    const scores = await Promise.all(states.map((state) => link.send(key, ["ZSCORE", key, state + sid])));
    return scores.some((score) => score !== null);
  } catch (error) {
    if (isAnswer(error, "WRONGTYPE")) return false;
    throw error;
  }
}

/** Whether the index of its user names this session; `null` where there is no such session, or no user. */
export async function isNamed(reach: Reach, sid: string): Promise<boolean | null> {
  const record = readableRecord(await readText(reach, sid), sid);
  if (record?.userId == null) return null;
  if (await isIn(reach, reach.keys.user(record.userId), sid, ["c", "p", "r"])) return true;
  return (await isAbsent(reach, sid)) ? null : false;
}

export interface Marked {
  /** Marked by this call, and had begun. */
  readonly begun: readonly string[];
  /** Marked by this call while they were being created. */
  readonly pending: readonly string[];
  /** The first of all that are marked, by whomever. */
  readonly marked: readonly string[];
}

/** Marks all sessions but `except` as revoked, those being created too. */
export async function markAll({ link }: Reach, key: string, except = ""): Promise<Marked> {
  const [begun, pending, marked] = (await link.run(REVOKE, key, [except])) as [string[], string[], string[]];
  return { begun, pending, marked: marked.map(sidOf) };
}

/**
 * Deletes the records of marked sids, then the marks, until no mark is left: also those that a crashed caller left. `marked`
 * are the first ones. Returns the sids whose record was there.
 */
export async function finishMarked(reach: Reach, key: string, marked: readonly string[]): Promise<readonly string[]> {
  const ended: string[] = [];
  for (let sids = marked; sids.length > 0; ) {
    const deleted = await Promise.all(sids.map((sid) => deleteRecord(reach, sid)));
    ended.push(...sids.filter((_, index) => deleted[index]));
    await forget(reach, key, ["r"], sids);
    sids = sids.length < CHUNK ? [] : (await readIndex(reach, key, null)).marked;
  }
  return ended;
}

/** c confirmed, p pending, r marked as revoked; see `scripts.ts`. */
export type State = "c" | "p" | "r";

/** Removes the members of these sids in these states. */
export async function forget(
  { link }: Reach,
  key: string,
  states: readonly State[],
  sids: readonly string[],
): Promise<void> {
  const members = states.flatMap((state) => sids.map((sid) => state + sid));
  if (members.length > 0) await link.send(key, ["ZREM", key, ...members]);
}

/** Part of an index, in the order of `byAge`. */
export interface IndexPart {
  readonly marked: readonly string[];
  readonly confirmed: readonly Position[];
  /** Where the next part starts; `null` when this is the last. */
  readonly next: IndexPosition | null;
}

/** A member and its score, as the sorted set orders them. */
export interface IndexPosition {
  readonly score: number;
  readonly member: string;
}

/** Reads on from `after`; from the start, where the marks are, when it is `null`. */
export async function readIndex(
  { link }: Reach,
  key: string,
  after: IndexPosition | null,
  size = CHUNK,
): Promise<IndexPart> {
  for (let most = size; ; most *= 2) {
    const read = pairsOf((await link.run(RANGE, key, [String(after?.score ?? "-inf"), String(most)])) as string[]);
    const fresh = read.filter((position) => after === null || follows(position, after));
    // Nothing but members of the same millisecond that were seen before: look further, or this would never end.
    if (fresh.length === 0 && read.length === most) continue;
    return {
      marked: sidsOf(fresh, "r"),
      confirmed: confirmedOf(fresh),
      next: read.length < most ? null : (read.at(-1) ?? null),
    };
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

function sidsOf(positions: readonly IndexPosition[], state: string): string[] {
  return positions.filter(({ member }) => member.startsWith(state)).map(({ member }) => sidOf(member));
}

function sidOf(member: string): string {
  return member.slice(1);
}

function confirmedOf(positions: readonly IndexPosition[]): Position[] {
  const confirmed = positions.filter(({ member }) => member.startsWith("c"));
  return confirmed.map(({ member, score }) => ({ sid: sidOf(member), absoluteExpiresAt: score }));
}
