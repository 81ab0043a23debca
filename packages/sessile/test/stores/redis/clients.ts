// Both client libraries, connected to each kind of Redis as the documentation says, and the rights that they are given.

import { once } from "node:events";
import { createClient, createCluster, createSentinel } from "@redis/client";
import { Cluster, Redis } from "ioredis";
import type { RedisClient } from "sessile/redis";
import { SENTINEL_NAME } from "sessile-test-support/redis-sentinel";

export interface Connected {
  readonly client: RedisClient;
  readonly close: () => unknown;
}

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** The options that all connections of a client share. */
export interface Login {
  readonly username?: string;
  readonly password?: string;
}

export type Connect = (addresses: readonly Address[], login?: Login) => Promise<Connected>;
export type Library = "@redis/client" | "ioredis";

export const SINGLE: Record<Library, Connect> = {
  "@redis/client": async ([address], login) => {
    const socket = { ...address, reconnectStrategy: 50 };
    const client = createClient({ ...login, socket, disableOfflineQueue: true });
    await client.connect();
    return { client, close: () => client.destroy() };
  },
  ioredis: async ([address], login) => {
    const options = { ...address, ...login, autoResendUnfulfilledCommands: false, retryStrategy: () => 50 };
    return readyIoredis(new Redis(options));
  },
};

export const SENTINEL: Record<Library, Connect> = {
  "@redis/client": async (addresses, login = {}) => {
    const client = createSentinel({
      name: SENTINEL_NAME,
      sentinelRootNodes: [...addresses],
      nodeClientOptions: login,
      scanInterval: 500,
    });
    await client.connect();
    return { client, close: () => client.destroy() };
  },
  ioredis: async (addresses, login) => {
    const sentinels = { sentinels: [...addresses], name: SENTINEL_NAME, failoverDetector: true };
    return readyIoredis(new Redis({ ...sentinels, ...login, autoResendUnfulfilledCommands: false }));
  },
};

export const CLUSTER: Record<Library, Connect> = {
  "@redis/client": async (addresses, login = {}) => {
    const client = createCluster({
      rootNodes: addresses.map((socket) => ({ socket })),
      defaults: { ...login, disableOfflineQueue: true },
      topologyRefreshOnReconnectionAttemptStrategy: 500,
    });
    await client.connect();
    return { client, close: () => client.destroy() };
  },
  ioredis: async (addresses, redisOptions = {}) => {
    const once = { retryDelayOnFailover: 0, retryDelayOnClusterDown: 0 };
    const cluster = new Cluster([...addresses], { ...once, redisOptions, slotsRefreshInterval: 1000 });
    const { client } = await readyIoredis(cluster);
    return { client, close: () => closeCluster(cluster) };
  },
};

/**
 * A client that disconnects during a refresh leaves a timer behind, which refreshes for ever: it is set when the
 * refresh ends. So this waits for the end of one, and for the steps of ioredis after it.
 */
export function closeCluster(cluster: Cluster): Promise<void> {
  return new Promise((resolve) =>
    cluster.refreshSlotsCache(() =>
      setImmediate(() => {
        cluster.disconnect();
        resolve();
      }),
    ),
  );
}

async function readyIoredis(client: Redis | Cluster): Promise<Connected> {
  await once(client, "ready");
  return { client, close: () => client.disconnect() };
}

/** As `docs/stores.md` gives them: what the store needs, and what the client libraries need for themselves. */
export const STORE_COMMANDS = [
  ...["get", "set", "getdel", "del", "exists", "eval", "evalsha", "pttl", "pexpireat", "time"],
  ...["zadd", "zrem", "zrange", "zrangebyscore", "zcard", "zscore"],
  ...["publish", "subscribe"],
];
export const CLIENT_COMMANDS = ["info"];
export const CLUSTER_COMMANDS = ["cluster|slots", "cluster|info", "asking"];

/** The words after `ACL SETUSER` or `--user`, for keys and channels that begin with `prefix`. */
export function rights({ username, password }: Required<Login>, prefix: string, commands: readonly string[]): string[] {
  return [username, "on", `>${password}`, `~${prefix}*`, `&${prefix}*`, ...commands.map((name) => `+${name}`)];
}
