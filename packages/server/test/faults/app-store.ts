// The stores that the application can be started with, each with a client as the documentation recommends it.

import { createClient, createCluster, createSentinel } from "@redis/client";
import { memoryStore } from "sessile";
import { cachedStore } from "sessile/cached";
import { type RedisClient, redisStore } from "sessile/redis";
import type { SessionStore } from "sessile/store";
import { SENTINEL_NAME } from "sessile-test-support/redis-sentinel";

interface Address {
  readonly host: string;
  readonly port: number;
}

/**
 * Of a Redis: which kind, whom to ask first, and where each node of a Cluster is reached, by the address that it gives.
 */
export interface RedisPlace {
  readonly kind: "redis" | "sentinel" | "cluster";
  readonly addresses: readonly Address[];
  readonly nodes: Readonly<Record<string, Address>>;
  readonly confirmReplicas: number;
  /** Milliseconds; `null` for no cache. */
  readonly maxStaleness: number | null;
}

export type AppStore =
  | { readonly kind: "memory"; readonly maxSessions: number }
  | { readonly kind: "sqlite"; readonly path: string }
  | RedisPlace;

/**
 * Three times the default: what a busy machine does not answer in time is not what is looked for here. Milliseconds.
 */
export const DEADLINE = 750;

export async function openAppStore(store: AppStore): Promise<SessionStore> {
  if (store.kind === "memory") return memoryStore({ maxSessions: store.maxSessions });
  // Drops Node's warning that `node:sqlite` is experimental.
  if (store.kind === "sqlite") return (await import("sessile/sqlite")).sqliteStore({ path: store.path });
  const { confirmReplicas } = store;
  const inner = redisStore({ client: await connect(store), confirmReplicas, deadline: DEADLINE });
  return store.maxStaleness === null ? inner : cachedStore(inner, { maxStaleness: store.maxStaleness });
}

const reconnectStrategy = (retries: number): number => Math.min(50 * 2 ** retries, 500);
const common = { disableOfflineQueue: true, socket: { connectTimeout: 1000, reconnectStrategy } } as const;

async function connect({ kind, addresses, nodes }: RedisPlace): Promise<RedisClient> {
  const client = make(kind, addresses, nodes);
  client.on("error", () => {});
  await client.connect();
  return client as unknown as RedisClient;
}

interface Opening {
  on(event: "error", listener: () => void): unknown;
  connect(): Promise<unknown>;
}

function make(kind: RedisPlace["kind"], addresses: readonly Address[], nodes: RedisPlace["nodes"]): Opening {
  if (kind === "cluster") {
    return createCluster({
      rootNodes: addresses.map((address) => ({ socket: address })),
      defaults: common,
      nodeAddressMap: { ...nodes },
      topologyRefreshOnReconnectionAttemptStrategy: 500,
    });
  }
  if (kind === "sentinel") {
    return createSentinel({
      name: SENTINEL_NAME,
      sentinelRootNodes: [...addresses],
      nodeClientOptions: common,
      scanInterval: 500,
      passthroughClientErrorEvents: true,
    });
  }
  return createClient({ ...common, socket: { ...common.socket, ...addresses[0] } });
}
