// A walk through all keys of sessions, from primary to primary, and the check that it misses none. No request waits for
// it.

import { createHash } from "node:crypto";
import { SessionError } from "../../core/errors.ts";
import type { SessionRecord } from "../../core/record.ts";
import type { Page, RecordPage } from "../../core/store.ts";
import { isSid } from "../../core/token.ts";
import { DEFAULT_PAGE, wrongCursor } from "../paging.ts";
import type { RedisKeys } from "./keys.ts";
import { type Ask, failure, primariesOf } from "./link.ts";
import type { RedisPort } from "./port.ts";
import type { Records } from "./records.ts";
import { readAll } from "./user-index.ts";

/** Most questions for one page: in a Redis that holds much else, a page may be short or empty, and never slow. */
const STEPS = 20;

interface Cursor {
  /** The primary, by its place among all. */
  readonly node: number;
  /** The place in it, in Redis' own words. */
  readonly position: string;
  readonly topology: string;
}

/** A page of the records of all users. Redis may show a key twice, so a page may repeat what an earlier one held. */
export async function scanRecords(
  port: RedisPort,
  records: Records,
  { limit = DEFAULT_PAGE, after }: Page,
): Promise<RecordPage> {
  const asks = primariesOf(port);
  const { sids, next } = await scanSids(asks, records.keys, limit, await cursorOf(asks, after));
  const found = await readAll(records, sids);
  return { records: found.filter((record): record is SessionRecord => record !== null), next };
}

async function scanSids(asks: readonly Ask[], keys: RedisKeys, limit: number, cursor: Cursor) {
  const sids = new Set<string>();
  let { node, position } = cursor;
  for (let step = 0; step < STEPS && node < asks.length && sids.size < limit; step++) {
    const found = await scanOnce(asks[node] as Ask, keys, position, limit - sids.size);
    for (const sid of found.sids) sids.add(sid);
    position = found.next;
    if (position === "0") node++;
  }
  return { sids: [...sids], next: node < asks.length ? `${node}.${position}.${cursor.topology}` : null };
}

/** The sids of about `count` keys after `cursor`; `next` is `"0"` at the end. */
export async function scanOnce(ask: Ask, { stored }: RedisKeys, cursor: string, count: number) {
  const pattern = `${stored.replace(/[*?[\]\\^]/g, "\\$&")}*`;
  const reply = await ask("SCAN", cursor, "MATCH", pattern, "COUNT", String(count));
  const [next, keys] = reply as [unknown, readonly unknown[]];
  return { sids: keys.map((key) => String(key).slice(stored.length)).filter(isSid), next: String(next) };
}

/**
 * A cursor means something to the very process that gave it, and a key that moves from a node still to come to one that
 * was walked is missed. So a cursor names the processes and their slots, and is refused when these are others.
 */
async function cursorOf(asks: readonly Ask[], after: string | undefined): Promise<Cursor> {
  const topology = await topologyOf(asks);
  if (after === undefined) return { node: 0, position: "0", topology };
  const match = /^(\d{1,4})\.(\d{1,20})\.([\w-]{16})$/.exec(after);
  if (match === null) throw wrongCursor();
  if (match[3] === topology) return { node: Number(match[1]), position: match[2] as string, topology };
  const message = "Redis restarted, failed over or moved slots during the walk: begin again, without `after`.";
  throw new SessionError("ERR_SESSION_PAGE", message);
}

async function topologyOf(asks: readonly Ask[]): Promise<string> {
  const servers = await Promise.all(asks.map((ask) => ask("INFO", "server")));
  const runs = servers.map((info) => /run_id:(\w+)/.exec(String(info))?.[1]);
  const isCluster = servers.some((info) => String(info).includes("redis_mode:cluster"));
  const slots = isCluster ? await slotsOf(asks) : [];
  return createHash("sha256")
    .update(JSON.stringify([runs, slots]))
    .digest("base64url")
    .slice(0, 16);
}

/**
 * The slots of each primary, in its own words. Fails while slots move, and when the client does not show all primaries.
 */
async function slotsOf(asks: readonly Ask[]): Promise<readonly string[]> {
  const all = await Promise.all(asks.map(async (ask) => mySlots(String(await ask("CLUSTER", "NODES")))));
  if (all.some((slots) => slots.includes("[")))
    throw failure("Slots of the Cluster are being moved, so a walk would miss sessions. Try again when that is over.");
  if (all.reduce((sum, slots) => sum + countSlots(slots), 0) !== 16384)
    throw failure("The Cluster is failing over, so a walk would miss sessions. Try again when that is over.");
  return all;
}

/** The words after the eight fields of this node's own line. */
function mySlots(nodes: string): string {
  const line = nodes.split("\n").find((each) => each.includes("myself"));
  return line?.split(" ").slice(8).join(" ") ?? "";
}

function countSlots(slots: string): number {
  const ranges = slots.split(" ").filter((range) => range !== "");
  return ranges.reduce((sum, range) => {
    const [first, last = first] = range.split("-").map(Number);
    return sum + (last as number) - (first as number) + 1;
  }, 0);
}
