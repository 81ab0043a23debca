// The steps on the record of one session. Which step follows which is decided by create, commit, list and revoke.

import type { SessionRecord } from "../../core/record.ts";
import { encodeRecord } from "./codec.ts";
import type { ConfirmedDeletes } from "./confirmed-deletes.ts";
import type { RedisKeys } from "./keys.ts";
import { failure, isAnswer, type RedisLink } from "./link.ts";
import { DISCARD, INSERT, REPLACE } from "./scripts.ts";

/** What the steps need to reach Redis. */
export interface Reach {
  readonly link: RedisLink;
  readonly keys: RedisKeys;
  /** Where ending a session has to be confirmed by replicas. */
  readonly deletes?: ConfirmedDeletes;
}

/**
 * Redis drops a record this long after its deadline by the application's clock. Redis' own clock is a backstop, not the
 * authority, so this is also how far the clocks of all machines may differ (requirement E8).
 */
export const CLOCK_MARGIN = 60_000;

/** Stands for a value of another type: a text that no record has. */
const NO_TEXT = "?";

/** The stored text; `null` when there is none. */
export async function readText({ link, keys }: Reach, sid: string, endsAt?: number): Promise<string | null> {
  const key = keys.session(sid);
  try {
    return (await link.send(key, ["GET", key], endsAt)) as string | null;
  } catch (error) {
    if (isAnswer(error, "WRONGTYPE")) return NO_TEXT;
    throw error;
  }
}

export async function isAbsent({ link, keys }: Reach, sid: string): Promise<boolean> {
  const key = keys.session(sid);
  return Number(await link.send(key, ["EXISTS", key])) === 0;
}

/** Stores the record. False when its sid is taken. */
export async function insertRecord({ link, keys }: Reach, record: SessionRecord): Promise<boolean> {
  const answer = await link.run(INSERT, keys.session(record.sid), [encodeRecord(record), removedAt(record)]);
  if (answer === "dropped") throw dropped();
  return answer === "inserted";
}

export type Replaced = readonly ["written"] | readonly ["absent"] | readonly ["changed", string];

/** Stores `next` where the stored text still begins with `beginning`; otherwise answers with what is there. */
export async function replaceRecord(
  { link, keys }: Reach,
  beginning: string,
  next: SessionRecord,
  endsAt: number,
): Promise<Replaced> {
  const args = [beginning, encodeRecord(next), removedAt(next)];
  const answer = (await link.run(REPLACE, keys.session(next.sid), args, endsAt)) as Replaced | readonly ["dropped"];
  if (answer[0] === "dropped") throw dropped();
  return answer;
}

/** Without this, every sign-in would be acknowledged and gone. */
function dropped(): Error {
  return failure(
    "Redis dropped the session as it was stored: by its clock the session is over. Set both clocks by NTP.",
  );
}

/**
 * What stands for a record from the moment at which it is ended until replicas have confirmed that: no session, but no end that
 * anybody may be told of. Without it, a second process would find nothing, and call a sign-out done that a failover undoes.
 */
export const ENDING = "";

/** Deletes the record. True when it was there. */
export async function deleteRecord(reach: Reach, sid: string): Promise<boolean> {
  if (reach.deletes !== undefined) return (await takeText(reach, sid)) !== null;
  const key = reach.keys.session(sid);
  return Number(await reach.link.send(key, ["DEL", key])) === 1;
}

/** Deletes the record and gives back its text; `null` when there was none. */
export async function takeText(reach: Reach, sid: string): Promise<string | null> {
  try {
    return await takeNow(reach, sid);
  } catch (error) {
    if (!isAnswer(error, "WRONGTYPE")) throw error;
  }
  const key = reach.keys.session(sid);
  const args = ["DEL", key];
  const count = await (reach.deletes === undefined ? reach.link.send(key, args) : reach.deletes.run(key, args));
  return Number(count) === 0 ? null : NO_TEXT;
}

async function takeNow({ link, keys, deletes }: Reach, sid: string): Promise<string | null> {
  const key = keys.session(sid);
  if (deletes === undefined) return textOf(await link.send(key, ["GETDEL", key]));
  const text = await deletes.run(key, ["SET", key, ENDING, "XX", "KEEPTTL", "GET"]);
  // What the replicas confirmed is out of the way; should this fail, the key goes when its time is up.
  if (text !== null) await link.send(key, ["DEL", key]).catch(() => {});
  return textOf(text);
}

function textOf(reply: unknown): string | null {
  return reply === null || reply === ENDING ? null : String(reply);
}

/** Deletes the record where it is still `text`. True when it was. */
export async function discardText({ link, keys }: Reach, sid: string, text: string): Promise<boolean> {
  return Number(await link.run(DISCARD, keys.session(sid), [text])) === 1;
}

function removedAt({ expiresAt }: SessionRecord): string {
  return String(expiresAt + CLOCK_MARGIN);
}
