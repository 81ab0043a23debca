// The stores that break, each with the servers below it, and the applications in front of it.

import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { temporaryFolder } from "sessile-test-support/folder";
import { parseInfo } from "sessile-test-support/redis-ask";
import { type RedisCluster, startCluster } from "sessile-test-support/redis-cluster";
import { atExit } from "sessile-test-support/redis-program";
import { type SentinelGroup, startSentinelGroup } from "sessile-test-support/redis-sentinel";
import { type RedisServer, startRedis } from "sessile-test-support/redis-server";
import { startTcpProxy, type TcpProxy } from "sessile-test-support/tcp-proxy";
import { type App, startApp } from "./app-process.ts";
import { type AppStore, DEADLINE, type RedisPlace } from "./app-store.ts";

export const STORES = [
  "memory",
  "SQLite",
  "Redis",
  "Sentinel",
  "Cluster",
  "Redis, cached",
  "Sentinel, cached",
  "Cluster, cached",
  "Sentinel, strict",
  "Cluster, strict",
] as const;
export type StoreName = (typeof STORES)[number];

export interface Place {
  readonly apps: readonly App[];
  /** Milliseconds for which a session that ended or changed elsewhere may still be what it was. */
  readonly staleness: number;
  readonly redis: RedisNodes | null;
  /** The SQLite file. */
  readonly path: string;
  close(): Promise<void>;
}

/** The servers behind the applications, of whatever topology. */
export interface RedisNodes {
  readonly all: readonly RedisServer[];
  /** Between the applications and each server. */
  readonly proxies: readonly TcpProxy[];
  readonly group: SentinelGroup | null;
  readonly cluster: RedisCluster | null;
  /** Those that take writes now, as they say themselves. */
  primaries(): Promise<readonly RedisServer[]>;
  /** Lets a primary be replaced that is silent for a second or little more; before, it takes a minute. */
  replaceSoon(): Promise<void>;
  untilWhole(): Promise<void>;
}

export interface PlaceOptions {
  /** Added to the command line of each Redis. */
  readonly redisArgs?: readonly string[];
  /** A small disk instead of an ample one. */
  readonly disk?: string;
  readonly maxSessions?: number;
}

/** As the documentation recommends: what was acknowledged survives the process. */
const DURABLE = ["--appendonly", "yes"];
/** The options of the cache; milliseconds. */
const STALENESS = 500;
/** Calls that wait for Redis together share the error of the first. */
const STALE_AT_MOST = Math.max(STALENESS, DEADLINE);

export async function openPlace(name: StoreName, options: PlaceOptions): Promise<Place> {
  const [kind = "", way = ""] = name.split(", ");
  if (kind === "memory") return standing([{ kind: "memory", maxSessions: options.maxSessions ?? 1_000_000 }]);
  if (kind === "SQLite") {
    const path = join(options.disk ?? temporaryFolder(), "sessions.db");
    return standing([{ kind: "sqlite", path } as const, { kind: "sqlite", path } as const], { path });
  }
  const nodes = await openRedis(kind, options);
  const place: RedisPlace = {
    kind: kind === "Redis" ? "redis" : kind === "Sentinel" ? "sentinel" : "cluster",
    addresses: (nodes.sentinels.length > 0 ? nodes.sentinels : nodes.proxies).map(addressOf),
    nodes: Object.fromEntries(nodes.all.map(({ port }, i) => [`127.0.0.1:${port}`, addressOf(nodes.proxies[i])])),
    confirmReplicas: way === "strict" ? 1 : 0,
    maxStaleness: way === "cached" ? STALENESS : null,
  };
  return standing([place, place], { redis: nodes, staleness: way === "cached" ? STALE_AT_MOST : 0 });
}

function addressOf(proxy: TcpProxy | undefined): { readonly host: string; readonly port: number } {
  return { host: "127.0.0.1", port: proxy?.port ?? 0 };
}

async function standing(
  stores: readonly AppStore[],
  {
    redis = null,
    staleness = 0,
    path = "",
  }: Partial<Pick<Place, "redis" | "staleness" | "path">> & { redis?: OwnedNodes | null } = {},
): Promise<Place> {
  const apps: App[] = [];
  for (const store of stores) apps.push(await startApp(store));
  const close = async (): Promise<void> => {
    await Promise.all(apps.map((app) => app.kill()));
    await redis?.close();
  };
  return { apps, staleness, redis, path, close };
}

interface OwnedNodes extends RedisNodes {
  /** In front of the Sentinels, which then name the proxies of the nodes. */
  readonly sentinels: readonly TcpProxy[];
  close(): Promise<void>;
}

async function openRedis(kind: string, { redisArgs = DURABLE, disk }: PlaceOptions): Promise<OwnedNodes> {
  const group = kind === "Sentinel" ? await startSentinelGroup(redisArgs, disk) : null;
  const cluster = kind === "Cluster" ? await startCluster(redisArgs, disk) : null;
  const single = group === null && cluster === null ? await startRedis(redisArgs, disk) : null;
  const all = group?.nodes ?? cluster?.nodes ?? [single as RedisServer];
  const proxies = await Promise.all(all.map(({ port }) => startTcpProxy(port)));
  const name = naming(all.map(({ port }, i) => [port, addressOf(proxies[i]).port]));
  const sentinels = await Promise.all((group?.addresses ?? []).map(({ port }) => startTcpProxy(port, name)));
  return {
    all,
    proxies,
    sentinels,
    group,
    cluster,
    primaries: () => primariesOf(all, group),
    replaceSoon: async () => {
      await group?.takeForDeadAfter(1000);
      await cluster?.takeForDeadAfter(1500);
    },
    untilWhole: async () => void (await (group ?? cluster)?.untilWhole()),
    async close() {
      await Promise.all([...proxies, ...sentinels].map((proxy) => proxy.close()));
      await Promise.all([group?.close(), cluster?.close(), single?.close()]);
    },
  };
}

/**
 * Ports for ports in what Sentinels say: `nodeAddressMap` would let the client of release 6.3 connect anew at every
 * look.
 */
function naming(ports: readonly (readonly [number, number])[]): (bytes: Buffer) => Buffer {
  const names = new Map(ports.map(([from, to]) => [String(from), String(to)]));
  return (bytes) =>
    Buffer.from(
      bytes.toString("latin1").replace(/\b\d{5}\b/g, (port) => names.get(port) ?? port),
      "latin1",
    );
}

async function primariesOf(all: readonly RedisServer[], group: SentinelGroup | null): Promise<readonly RedisServer[]> {
  if (group !== null) return [await group.primary()];
  const roles = await Promise.all(all.map((node) => node.ask("INFO", "replication").then(parseInfo, () => null)));
  return all.filter((_, i) => roles[i]?.["role"] === "master");
}

/** A disk of 16 MB, gone with this process; `null` where that is not allowed. */
export function smallDisk(): string | null {
  const folder = temporaryFolder();
  if (spawnSync("mount", ["-t", "tmpfs", "-o", "size=16m", "tmpfs", folder]).status !== 0) return null;
  atExit(() => spawnSync("umount", ["-l", folder]));
  return folder;
}
