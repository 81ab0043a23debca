// Writes users' indexes anew from the records, for a Redis that lost some of them. Maintenance: goes through all keys.

import { portOf, type RedisClient } from "./client.ts";
import { readableRecord } from "./codec.ts";
import { RedisKeys } from "./keys.ts";
import { RedisLink } from "./link.ts";
import { type Ask, primariesOf } from "./primaries.ts";
import { type Reach, readText } from "./records.ts";
import { beginningOf, scanOnce } from "./scan.ts";
import { enter } from "./user-index.ts";

const DEADLINE = 5000;
/** Keys that Redis looks at for one answer: few enough that nobody waits for it. */
const KEYS_AT_ONCE = 500;

/**
 * Finds sessions that their user's index does not name, and enters them: so that lists show them and `revokeUser` ends them. Returns
 * their number. Safe at any time, but reads every session; needs `SCAN` at Redis. Fails with `ERR_SESSION_STORE`,
 * and may be called again.
 */
export async function rebuildUserIndex(client: RedisClient, prefix = "sessile:"): Promise<number> {
  const reach: Reach = { link: new RedisLink(portOf(client, DEADLINE), DEADLINE), keys: new RedisKeys(prefix) };
  let entered = 0;
  for (const ask of await primariesOf(client)) {
    for await (const sids of sidsAt(ask, beginningOf(client, prefix))) {
      const found = await Promise.all(sids.map((sid) => enterStored(reach, sid)));
      entered += found.filter(Boolean).length;
    }
  }
  return entered;
}

async function* sidsAt(ask: Ask, beginning: string): AsyncGenerator<readonly string[]> {
  for (let cursor = "0"; ; ) {
    const { sids, next } = await scanOnce(ask, beginning, cursor, KEYS_AT_ONCE);
    yield sids;
    if (next === "0") return;
    cursor = next;
  }
}

async function enterStored(reach: Reach, sid: string): Promise<boolean> {
  const record = readableRecord(await readText(reach, sid), sid);
  return record !== null && enter(reach, record);
}
