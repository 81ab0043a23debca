// Opens a Redis store from its URL, over a client that keeps reconnecting, and describes its promises.

import { setTimeout as wait } from "node:timers/promises";
import { createClient, createCluster, createSentinel } from "@redis/client";
import { isSessionError } from "sessile";
import { cachedStore } from "sessile/cached";
import { checkRedis, type RedisClient, rebuildUserIndex, redisStore } from "sessile/redis";
import type { SessionStore } from "sessile/store";
import { formatDuration } from "../config/duration.ts";
import { parseRedisUrl, type RedisTarget } from "../config/redis-url.ts";
import { UsageError } from "../config/usage-error.ts";
import { withoutPasswords } from "../config/without-password.ts";
import type { OpenedStore, StoreWishes } from "./open-store.ts";

const CONNECT_TIMEOUT = 5000;
const LONGEST_PAUSE = 2000;
/** Milliseconds between questions to Sentinels about the primary, and to a Cluster that lost a node about its slots. */
const LOOK_AGAIN = 1000;

/** The members that the three kinds of client share. */
interface Client {
  on(event: "error", listener: (error: unknown) => void): unknown;
  connect(): Promise<unknown>;
  destroy(): unknown;
}

type Wishes = Omit<StoreWishes, "store">;

/** Throws `UsageError` when the URL is wrong, no server answers there, or that Redis cannot do what is asked of it. */
export async function openRedis(url: string, wishes: Wishes): Promise<OpenedStore> {
  const target = parseRedisUrl(url, wishes.env ?? process.env);
  const name = withoutPasswords(url);
  const connection = { isWanted: false };
  const client = createRedis(target, connection);
  await connect(client, name);
  connection.isWanted = true;
  try {
    const { prefix } = target;
    const found = await check(client, prefix, wishes);
    const reindex = () => rebuildUserIndex(client, prefix);
    return { store: makeStore(client, target, wishes), name, ...found, reindex, close: () => destroy(client) };
  } catch (error) {
    await destroy(client);
    if (isSessionError(error)) throw new UsageError(`--store ${name} cannot be used: ${error.message}`);
    throw error;
  }
}

/** With `--confirm-replicas`, a Redis whose settings can bring ended sessions back is refused. */
async function check(
  client: RedisClient,
  prefix: string | undefined,
  { cache, confirmReplicas }: Wishes,
): Promise<Pick<OpenedStore, "promise" | "warnings" | "clockAhead">> {
  const options = { confirmReplicas, strict: confirmReplicas > 0, prefix: prefix ?? "sessile:" };
  const { promise, warnings, clockAhead } = await checkRedis(client, options);
  const bound =
    cache === null ? [] : [`A session that ended elsewhere is accepted for at most ${formatDuration(cache)}.`];
  return { promise: [promise, ...bound].join(" "), warnings, ...(clockAhead !== null && { clockAhead }) };
}

function makeStore(client: RedisClient, { prefix }: RedisTarget, wishes: Wishes): SessionStore {
  const { cache, confirmReplicas, deadline } = wishes;
  const given = { ...(prefix !== undefined && { prefix }), ...(deadline !== undefined && { deadline }) };
  const store = redisStore({ client, confirmReplicas, ...given });
  return cache === null ? store : cachedStore(store, { maxStaleness: cache });
}

/**
 * A failure before the first connection is final; after it the client keeps reconnecting, and requests are answered
 * 503.
 */
function createRedis(target: RedisTarget, connection: { readonly isWanted: boolean }): Client & RedisClient {
  const { addresses, username, password, database, primaryName } = target;
  const reconnectStrategy = (retries: number) => connection.isWanted && Math.min(50 * 2 ** retries, LONGEST_PAUSE);
  const socket = { connectTimeout: CONNECT_TIMEOUT, reconnectStrategy, ...(target.isTls && { tls: true as const }) };
  const login = { ...(username && { username }), ...(password && { password }) };
  const common = { ...login, socket, disableOfflineQueue: true };
  if (target.kind === "cluster") {
    return createCluster({
      rootNodes: addresses.map((address) => ({ socket: { ...socket, ...address } })),
      defaults: common,
      topologyRefreshOnReconnectionAttemptStrategy: LOOK_AGAIN,
    });
  }
  if (target.kind === "sentinel") {
    return createSentinel({
      name: primaryName,
      sentinelRootNodes: [...addresses],
      nodeClientOptions: { ...common, database },
      sentinelClientOptions: { socket: target.isTls ? { tls: true } : {} },
      scanInterval: LOOK_AGAIN,
      passthroughClientErrorEvents: true,
    });
  }
  return createClient({ ...common, socket: { ...socket, ...addresses[0] }, database }) as Client & RedisClient;
}

/** Sentinel and Cluster clients fail without a reason, or late; the last "error" event is one. */
async function connect(client: Client, name: string): Promise<void> {
  let heard: unknown;
  client.on("error", (error) => {
    heard = error; // the store reports each failed call; an "error" without a listener would end the process
  });
  const tooLate = new AbortController();
  try {
    await Promise.race([client.connect(), fail(CONNECT_TIMEOUT, tooLate.signal)]);
  } catch (error) {
    await destroy(client);
    throw new UsageError(
      `--store ${name} cannot be reached: ${reasonOf(heard ?? error)}. Start Redis there, or choose another --store.`,
    );
  } finally {
    tooLate.abort();
  }
}

async function fail(after: number, signal: AbortSignal): Promise<void> {
  await wait(after, undefined, { signal }).catch(() => {});
  if (!signal.aborted) throw new Error(`no answer within ${after / 1000} s`);
}

/** `destroy` throws for a client that has already given up. */
async function destroy(client: Client): Promise<void> {
  try {
    await client.destroy();
  } catch {}
}

function reasonOf(error: unknown): string {
  const { code, message } = error as { code?: string; message?: string };
  return code ?? message?.replace(/\.$/, "") ?? String(error);
}
