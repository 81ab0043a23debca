// A Redis Cluster for one test file, on loopback: three primaries with a replica each, and faults.

import { freePort } from "./free-port.ts";
import type { Reply } from "./redis-ask.ts";
import { parseInfo } from "./redis-ask.ts";
import { retried } from "./redis-program.ts";
import { isReplicated } from "./redis-replication.ts";
import { type RedisServer, startRedis } from "./redis-server.ts";
import { moveSlot } from "./redis-slots.ts";
import { waitUntil } from "./wait-until.ts";

const SLOTS = 16_384;
const PRIMARIES = 3;

export interface RedisCluster {
  /** The first three began as primaries, the others as their replicas in the same order. */
  readonly nodes: readonly RedisServer[];
  /** The addresses that clients start with. */
  readonly addresses: readonly { readonly host: string; readonly port: number }[];
  /** The node that serves this key now, as most of the others see it. */
  primaryOf(key: string): Promise<RedisServer>;
  /** A replica of that node. */
  replicaOf(key: string): Promise<RedisServer>;
  /** Makes a replica of this key's primary take over in good order; the primary becomes its replica. */
  failOver(key: string): Promise<void>;
  /** Waits until all live nodes agree that a node other than `former` serves the key. */
  untilTakenOver(key: string, former: RedisServer): Promise<void>;
  /** Moves the slot of a key with its content to another primary, and calls `halfway` when some keys have moved. */
  moveSlot(key: string, halfway?: () => Promise<void>): Promise<void>;
  /**
   * Sets the milliseconds of silence after which a node counts as dead. A minute at first: a busy machine may be silent
   * for less.
   */
  takeForDeadAfter(silence: number): Promise<void>;
  /** Waits until all nodes run, three of them as primaries with a replica each. */
  untilWhole(): Promise<void>;
  close(): Promise<void>;
}

interface Node {
  readonly server: RedisServer;
  readonly busPort: number;
}

const SETTINGS = [
  ...["--cluster-enabled", "yes", "--cluster-node-timeout", "1500", "--cluster-replica-validity-factor", "0"],
  ...["--repl-diskless-sync-delay", "0", "--repl-ping-replica-period", "1"],
];

/** Starts the nodes, `args` added to each, and waits until they are one cluster. Takes two to three seconds. */
export async function startCluster(args: readonly string[] = [], disk?: string): Promise<RedisCluster> {
  const nodes = await Promise.all(Array.from({ length: 2 * PRIMARIES }, () => startNode(args, disk)));
  const servers = nodes.map(({ server }) => server);
  const close = async () => void (await Promise.all(servers.map((server) => server.close())));
  try {
    await join(nodes);
    const cluster = clusterOf(servers, close);
    await cluster.takeForDeadAfter(60_000);
    return cluster;
  } catch (error) {
    await close();
    throw error;
  }
}

function startNode(args: readonly string[], disk: string | undefined): Promise<Node> {
  return retried(async () => {
    const busPort = await freePort();
    return { server: await startRedis([...SETTINGS, "--cluster-port", String(busPort), ...args], disk), busPort };
  });
}

/** Gives each primary a third of the slots, introduces all nodes to each other, and each replica to its primary. */
async function join(nodes: readonly Node[]): Promise<void> {
  const [primaries, replicas] = [nodes.slice(0, PRIMARIES), nodes.slice(PRIMARIES)];
  for (const [i, { server }] of nodes.entries()) await server.ask("CLUSTER", "SET-CONFIG-EPOCH", String(i + 1));
  for (const [i, { server }] of primaries.entries()) {
    const [first, end] = [i, i + 1].map((part) => Math.ceil((part * SLOTS) / PRIMARIES)) as [number, number];
    await server.ask("CLUSTER", "ADDSLOTSRANGE", String(first), String(end - 1));
  }
  // A node is not introduced to itself: it is not needed, and a replica that late receives its own message once called
  // itself a primary for ever.
  const othersOf = (node: Node) => nodes.filter((other) => other !== node);
  const introduce = () => {
    return Promise.all(nodes.flatMap((node) => othersOf(node).map((other) => meet(node.server, other))));
  };
  await introduce();
  const ids = await Promise.all(primaries.map(({ server }) => server.ask("CLUSTER", "MYID")));
  await Promise.all(replicas.map(({ server }, i) => follow(server, String(ids[i]))));
  // On a busy machine an introduction may take longer than the nodes wait, and is forgotten.
  const reminder = setInterval(() => void introduce().catch(() => {}), 5000);
  await untilWhole(nodes.map(({ server }) => server)).finally(() => clearInterval(reminder));
}

async function untilWhole(servers: readonly RedisServer[]): Promise<void> {
  await Promise.all(servers.map((server) => waitUntil("the cluster is whole", () => isWhole(server))));
}

function meet(server: RedisServer, { server: { port }, busPort }: Node): Promise<Reply> {
  return server.ask("CLUSTER", "MEET", "127.0.0.1", String(port), String(busPort));
}

/** A replica refuses a primary that it has not been introduced to yet. */
function follow(server: RedisServer, id: string): Promise<void> {
  return waitUntil("a replica knows its primary", async () => (await server.ask("CLUSTER", "REPLICATE", id)) === "OK");
}

async function isWhole(server: RedisServer): Promise<boolean> {
  const cluster = parseInfo(await server.ask("CLUSTER", "INFO"));
  const own = parseInfo(await server.ask("INFO", "replication"));
  const isLinked = own["role"] === "master" ? own["connected_slaves"] === "1" : own["master_link_status"] === "up";
  return (
    cluster["cluster_state"] === "ok" && (await shards(server)).every(({ ports }) => ports.length === 2) && isLinked
  );
}

interface Shard {
  readonly first: number;
  readonly last: number;
  /** The primary's port comes first. */
  readonly ports: readonly number[];
}

async function shards(server: RedisServer): Promise<readonly Shard[]> {
  const ranges = (await server.ask("CLUSTER", "SLOTS")) as unknown as [number, number, ...[string, number][]][];
  return ranges.map(([first, last, ...nodes]) => ({ first, last, ports: nodes.map(([, port]) => port) }));
}

function clusterOf(nodes: readonly RedisServer[], close: () => Promise<void>): RedisCluster {
  const byPort = (port?: number) => nodes.find((node) => node.port === port) as RedisServer;
  const slotOf = async (key: string) => Number(await (await anyOf(nodes)).ask("CLUSTER", "KEYSLOT", key));
  const portsOf = async (key: string, seenBy?: RedisServer) => {
    const slot = await slotOf(key);
    const all = await shards(seenBy ?? (await anyOf(nodes)));
    return all.find(({ first, last }) => first <= slot && slot <= last)?.ports ?? [];
  };
  const cluster: RedisCluster = {
    nodes,
    addresses: nodes.map(({ port }) => ({ host: "127.0.0.1", port })),
    primaryOf: async (key) => byPort((await portsOf(key))[0]),
    replicaOf: async (key) => byPort((await portsOf(key))[1]),
    async failOver(key) {
      const [former, heir] = [await cluster.primaryOf(key), await cluster.replicaOf(key)];
      const [, silence] = (await heir.ask("CONFIG", "GET", "cluster-node-timeout")) as [string, string];
      // While the limit is short, a busy machine may cost other primaries their place too, and with it the data that
      // their replicas lack.
      await waitUntil("all replicas have everything", () => isReplicated(nodes));
      // A node votes again about a primary only after twice this time, and an heir asks for votes for five seconds
      // only.
      await cluster.takeForDeadAfter(1500);
      const failOver = () => heir.ask("CLUSTER", "FAILOVER").catch(() => {});
      await failOver();
      const reminder = setInterval(() => void failOver(), 6000);
      await cluster.untilTakenOver(key, former).finally(() => clearInterval(reminder));
      // A node that was declared dead stays so for twice this time, so all must be well before the limit is long again.
      await cluster.untilWhole();
      await cluster.takeForDeadAfter(Number(silence));
    },
    async untilTakenOver(key, former) {
      const others = nodes.filter((node) => node !== former);
      const isOver = (node: RedisServer) => async () => {
        const [primary] = await portsOf(key, node);
        return primary !== former.port && (await isFine(node));
      };
      await Promise.all(others.map((node) => waitUntil("a replica has taken over", isOver(node))));
    },
    async moveSlot(key, halfway = async () => {}) {
      const from = await cluster.primaryOf(key);
      const to = await otherPrimary(nodes, from);
      await moveSlot(await slotOf(key), from, to, nodes, halfway);
    },
    async takeForDeadAfter(silence) {
      for (const node of nodes) await node.ask("CONFIG", "SET", "cluster-node-timeout", String(silence));
    },
    untilWhole: () => untilWhole(nodes),
    close,
  };
  return cluster;
}

async function isFine(server: RedisServer): Promise<boolean> {
  return parseInfo(await server.ask("CLUSTER", "INFO"))["cluster_state"] === "ok";
}

/** A node that answers. */
function anyOf(nodes: readonly RedisServer[]): Promise<RedisServer> {
  return Promise.any(nodes.map((node) => node.ask("PING").then(() => node)));
}

async function otherPrimary(nodes: readonly RedisServer[], from: RedisServer): Promise<RedisServer> {
  const ports = (await shards(from)).map((shard) => shard.ports[0]);
  return nodes.find((node) => node !== from && ports.includes(node.port)) as RedisServer;
}
