// A walk through all keys of sessions, from primary to primary, and how it notices that it would miss some. Not for the path of a request.

import { createHash } from "node:crypto";
import { SessionError } from "../../core/errors.ts";
import type { SessionRecord } from "../../core/record.ts";
import type { Page, RecordPage } from "../../core/store.ts";
import { isSid } from "../../core/token.ts";
import { DEFAULT_PAGE, wrongCursor } from "../paging.ts";
import type { RedisClient } from "./client.ts";
import { readableRecord } from "./codec.ts";
import { isIoredis } from "./ioredis.ts";
import { RedisKeys } from "./keys.ts";
import { failure } from "./link.ts";
import { type Ask, primariesOf } from "./primaries.ts";
import { type Reach, readText } from "./records.ts";

/** Most questions for one page: in a Redis that holds much else, a page may be short or empty, and never slow. */
const STEPS = 20;

interface Cursor {
  /** Which primary. */
  readonly node: number;
  /** Where in it, in Redis' own words. */
  readonly position: string;
  readonly topology: string;
}

/** A page of the records of all users. Redis may show a key twice, so a page may repeat what an earlier one held. */
export async function scanRecords(
  client: RedisClient,
  reach: Reach,
  prefix: string,
  { limit = DEFAULT_PAGE, after }: Page,
): Promise<RecordPage> {
  const asks = await primariesOf(client);
  const { sids, next } = await scanSids(asks, beginningOf(client, prefix), limit, await cursorOf(asks, after));
  const texts = await Promise.all(sids.map((sid) => readText(reach, sid)));
  const records = sids.map((sid, i) => readableRecord(texts[i] ?? null, sid));
  return { records: records.filter((record): record is SessionRecord => record !== null), next };
}

async function scanSids(asks: readonly Ask[], beginning: string, limit: number, cursor: Cursor) {
  const sids = new Set<string>();
  let { node, position } = cursor;
  for (let step = 0; step < STEPS && node < asks.length && sids.size < limit; step++) {
    const found = await scanOnce(asks[node] as Ask, beginning, position, limit - sids.size);
    for (const sid of found.sids) sids.add(sid);
    position = found.next;
    if (position === "0") node++;
  }
  return { sids: [...sids], next: node < asks.length ? `${node}.${position}.${cursor.topology}` : null };
}

/** About `count` keys after `cursor`; `next` is `"0"` at the end. */
export async function scanOnce(
  ask: Ask,
  beginning: string,
  cursor: string,
  count: number,
): Promise<{ readonly sids: readonly string[]; readonly next: string }> {
  const pattern = `${beginning.replace(/[*?[\]\\^]/g, "\\$&")}*`;
  const reply = await ask("SCAN", cursor, "MATCH", pattern, "COUNT", String(count));
  const [next, keys] = reply as [unknown, readonly unknown[]];
  return { sids: keys.map((key) => String(key).slice(beginning.length)).filter(isSid), next: String(next) };
}

/** How the keys of sessions begin. `SCAN` takes no key, so `ioredis` does not put its own prefix before it. */
export function beginningOf(client: RedisClient, prefix: string): string {
  const { keyPrefix = "" } = isIoredis(client) ? (client.options as { readonly keyPrefix?: string }) : {};
  return keyPrefix + new RedisKeys(prefix).session("");
}

/**
 * A cursor means something to the very process that gave it, and a key that moves from a node still to come to one that was
 * walked is missed. So a cursor names the processes and their slots, and is refused when these are others.
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

/** The slots of each primary, in its own words. Fails while slots move, and when the client does not know all primaries. */
async function slotsOf(asks: readonly Ask[]): Promise<readonly string[]> {
  const all = await Promise.all(asks.map(async (ask) => mySlots(String(await ask("CLUSTER", "NODES")))));
  if (all.some((slots) => slots.includes("[")))
    throw failure("Slots of the Cluster are being moved, so a walk would miss sessions. Try again when that is over.");
  if (all.reduce((sum, slots) => sum + countSlots(slots), 0) !== 16384)
    throw failure("The Cluster is failing over, so a walk would miss sessions. Try again when that is over.");
  return all;
}

/** What follows the eight fields of this node's own line. */
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
