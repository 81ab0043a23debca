// Writes users' indexes anew from the records, for a Redis that lost some of them. Maintenance: goes through all keys.

import { isSid } from "../../core/token.ts";
import { portOf, type RedisClient } from "./client.ts";
import { readableRecord } from "./codec.ts";
import { isIoredis } from "./ioredis.ts";
import { RedisKeys } from "./keys.ts";
import { RedisLink } from "./link.ts";
import { type Ask, primariesOf } from "./primaries.ts";
import { CLOCK_MARGIN, type Reach, readText } from "./records.ts";
import { RESTORE } from "./scripts.ts";

const DEADLINE = 5000;
/** Keys that Redis looks at for one answer: few enough that nobody waits for it. */
const KEYS_AT_ONCE = 500;

/**
 * Finds sessions that their user's index does not name, and enters them: so that lists show them and `revokeUser` ends them. Returns
 * how many there were. Safe at any time, but reads every session; needs `SCAN` at Redis. Fails with `ERR_SESSION_STORE`,
 * and may be called again.
 */
export async function rebuildUserIndex(client: RedisClient, prefix = "sessile:"): Promise<number> {
  const reach: Reach = { link: new RedisLink(portOf(client, DEADLINE), DEADLINE), keys: new RedisKeys(prefix) };
  let restored = 0;
  for (const ask of await primariesOf(client)) {
    for await (const sids of sidsAt(ask, beginningOf(client, prefix))) {
      const found = await Promise.all(sids.map((sid) => restore(reach, sid)));
      restored += found.filter(Boolean).length;
    }
  }
  return restored;
}

async function* sidsAt(ask: Ask, beginning: string): AsyncGenerator<readonly string[]> {
  const pattern = `${beginning.replace(/[*?[\]\\^]/g, "\\$&")}*`;
  let cursor = "0";
  do {
    const reply = await ask("SCAN", cursor, "MATCH", pattern, "COUNT", String(KEYS_AT_ONCE));
    const [next, keys] = reply as [unknown, readonly unknown[]];
    yield keys.map((key) => String(key).slice(beginning.length)).filter(isSid);
    cursor = String(next);
  } while (cursor !== "0");
}

/** How the keys of sessions begin. `SCAN` takes no key, so `ioredis` does not put its own prefix before it. */
function beginningOf(client: RedisClient, prefix: string): string {
  const { keyPrefix = "" } = isIoredis(client) ? (client.options as { readonly keyPrefix?: string }) : {};
  return keyPrefix + new RedisKeys(prefix).session("");
}

async function restore(reach: Reach, sid: string): Promise<boolean> {
  const record = readableRecord(await readText(reach, sid), sid);
  if (record?.userId == null) return false;
  const args = [sid, String(record.absoluteExpiresAt), String(CLOCK_MARGIN)];
  return Number(await reach.link.run(RESTORE, reach.keys.user(record.userId), args)) === 1;
}
