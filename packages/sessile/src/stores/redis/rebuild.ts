// Writes users' indexes anew from the records, for a Redis that lost some of them. Maintenance: goes through all keys.

import { readableRecord } from "../network/codec.ts";
import { portOf, type RedisClient } from "./clients/port-of.ts";
import { RedisKeys } from "./keys.ts";
import { primariesOf, RedisLink } from "./link.ts";
import { Records } from "./records.ts";
import { scanOnce } from "./scan.ts";
import { UserIndex } from "./user-index.ts";

const DEADLINE = 5000;
/** Keys that Redis walks through for one answer: few enough that no other client waits for it. */
const KEYS_AT_ONCE = 500;

/**
 * Finds sessions that their user's index does not name, and enters them: so that lists show them and `revokeUser` ends
 * them. Returns their number. Safe at any time, but reads every session; needs `SCAN` at Redis. Fails with
 * `ERR_SESSION_STORE`, and may be called again.
 */
export async function rebuildUserIndex(client: RedisClient, prefix = "sessile:"): Promise<number> {
  const port = portOf(client, DEADLINE);
  const records = new Records(new RedisLink(port, DEADLINE), new RedisKeys(prefix, port.keyPrefix));
  let entered = 0;
  for (const ask of primariesOf(port)) {
    let cursor = "0";
    do {
      const { sids, next } = await scanOnce(ask, records.keys, cursor, KEYS_AT_ONCE);
      const found = await Promise.all(sids.map((sid) => enter(records, sid)));
      entered += found.filter(Boolean).length;
      cursor = next;
    } while (cursor !== "0");
  }
  return entered;
}

async function enter(records: Records, sid: string): Promise<boolean> {
  const record = readableRecord(await records.read(sid), sid);
  return record?.userId != null && new UserIndex(records, record.userId).enter(record);
}
