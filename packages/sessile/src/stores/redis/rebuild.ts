// Writes users' indexes anew from the records, for a Redis that lost some of them. Maintenance: goes through all keys.

import { portOf, type RedisClient } from "./client.ts";
import { readableRecord } from "./codec.ts";
import { RedisKeys } from "./keys.ts";
import { RedisLink } from "./link.ts";
import { type Ask, primariesOf } from "./primaries.ts";
import { CLOCK_MARGIN, type Reach, readText } from "./records.ts";
import { beginningOf, scanOnce } from "./scan.ts";
import { RESTORE } from "./scripts.ts";

const DEADLINE = 5000;
/** Keys that Redis looks at for one answer: few enough that nobody waits for it. */
const KEYS_AT_ONCE = 500;

/**
 * Finds sessions that their user's index does not name, and enters them: so that lists show them and `revokeUser` ends them. Returns
 * how many there were. Safe at any time, but reads every session; needs `SCAN` at Redis. Fails with `ERR_SESSION_STORE`,
 * and may be called again.
 */
export function rebuildUserIndex(client: RedisClient, prefix = "sessile:"): Promise<number> {
  return restoreSessions(client, prefix, () => true);
}

/** Finds the sessions of users who have no index. One search at a time: who asks meanwhile waits for the next, together with all others. */
export class LostIndexes {
  readonly #search: (isWanted: (userId: string) => boolean) => Promise<unknown>;
  #current: Promise<unknown> = Promise.resolve();
  #next: { readonly users: Set<string>; readonly done: Promise<unknown> } | null = null;

  constructor(client: RedisClient, prefix: string) {
    this.#search = (isWanted) => restoreSessions(client, prefix, isWanted);
  }

  /** The user's index names every session that began before the call. */
  async restore(userId: string): Promise<void> {
    this.#next ??= this.#plan(new Set());
    this.#next.users.add(userId);
    await this.#next.done;
  }

  #plan(users: Set<string>): { readonly users: Set<string>; readonly done: Promise<unknown> } {
    const begin = (): Promise<unknown> => {
      this.#next = null;
      return this.#search((userId) => users.has(userId));
    };
    this.#current = this.#current.then(begin, begin);
    return { users, done: this.#current };
  }
}

async function restoreSessions(
  client: RedisClient,
  prefix: string,
  isWanted: (userId: string) => boolean,
): Promise<number> {
  const reach: Reach = { link: new RedisLink(portOf(client, DEADLINE), DEADLINE), keys: new RedisKeys(prefix) };
  let restored = 0;
  for (const ask of await primariesOf(client)) {
    for await (const sids of sidsAt(ask, beginningOf(client, prefix))) {
      const found = await Promise.all(sids.map((sid) => restore(reach, sid, isWanted)));
      restored += found.filter(Boolean).length;
    }
  }
  return restored;
}

async function* sidsAt(ask: Ask, beginning: string): AsyncGenerator<readonly string[]> {
  for (let cursor = "0"; ; ) {
    const { sids, next } = await scanOnce(ask, beginning, cursor, KEYS_AT_ONCE);
    yield sids;
    if (next === "0") return;
    cursor = next;
  }
}

async function restore(reach: Reach, sid: string, isWanted: (userId: string) => boolean): Promise<boolean> {
  const record = readableRecord(await readText(reach, sid), sid);
  if (record?.userId == null || !isWanted(record.userId)) return false;
  const args = [sid, String(record.absoluteExpiresAt), String(CLOCK_MARGIN)];
  return Number(await reach.link.run(RESTORE, reach.keys.user(record.userId), args)) === 1;
}
