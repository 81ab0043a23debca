// A primary with two replicas and three Sentinels for one test file, on loopback, and its failover.

import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "./free-port.ts";
import { ask, parseInfo, type Reply } from "./redis-ask.ts";
import { endProgram, ownedFolder, retried, startProgram } from "./redis-program.ts";
import { isReplicated } from "./redis-replication.ts";
import { type RedisServer, startRedis } from "./redis-server.ts";
import { waitUntil } from "./wait-until.ts";

/** The Sentinels' name for the primary. */
export const SENTINEL_NAME = "mymaster";

export interface SentinelGroup {
  /** The first began as the primary, the others as its replicas. */
  readonly nodes: readonly RedisServer[];
  /** The Sentinels' addresses, which clients start with. */
  readonly addresses: readonly { readonly host: string; readonly port: number }[];
  /** The present primary by the Sentinels' account. */
  primary(): Promise<RedisServer>;
  /**
   * Sets the milliseconds of silence after which a primary counts as dead. A minute at first: a busy machine may be
   * silent for less.
   */
  takeForDeadAfter(silence: number): Promise<void>;
  /**
   * Makes a replica the primary in good order: after all replicas have everything, since Sentinels do not wait for
   * that. Waits until the former primary follows it.
   */
  failOver(): Promise<void>;
  /** Waits until all Sentinels name a primary other than `former`, and it accepts writes. */
  untilTakenOver(former: RedisServer): Promise<void>;
  /** Waits until all nodes run and follow the primary that all Sentinels name, and no failover is under way. */
  untilWhole(): Promise<void>;
  close(): Promise<void>;
}

interface Sentinel {
  readonly port: number;
  ask(...command: readonly string[]): Promise<Reply>;
  close(): Promise<void>;
}

const SETTINGS = ["--repl-diskless-sync-delay", "0", "--repl-ping-replica-period", "1"];
/**
 * Without these, Sentinels take seconds to find each other and the replicas. Servers before 7.0 lack them. A Sentinel
 * that has not been informed of a new primary within four times the first makes it a replica again.
 */
const HURRY = ["publish-period", "1000", "info-period", "200", "ask-period", "200", "ping-period", "200"];

/**
 * Starts all, `args` added to each server but not to the Sentinels, and waits until the Sentinels have found all of
 * them.
 */
export async function startSentinelGroup(args: readonly string[] = [], disk?: string): Promise<SentinelGroup> {
  const primary = await startRedis([...SETTINGS, ...args], disk);
  const follow = ["--replicaof", "127.0.0.1", String(primary.port)];
  const replicas = await Promise.all([1, 2].map(() => startRedis([...SETTINGS, ...follow, ...args], disk)));
  const sentinels = await Promise.all([1, 2, 3].map(() => startSentinel(primary.port)));
  const nodes = [primary, ...replicas];
  const close = async () => void (await Promise.all([...nodes, ...sentinels].map((each) => each.close())));
  try {
    for (const sentinel of sentinels) await sentinel.ask("SENTINEL", "DEBUG", ...HURRY).catch(() => {});
    await Promise.all(
      sentinels.map((sentinel) => waitUntil("a Sentinel has found all nodes", () => knowsAll(sentinel))),
    );
    const group = groupOf(nodes, sentinels, close);
    await group.takeForDeadAfter(60_000);
    return group;
  } catch (error) {
    await close();
    throw error;
  }
}

function startSentinel(primaryPort: number): Promise<Sentinel> {
  return retried(async () => {
    const port = await freePort();
    const folder = mkdtempSync(join(tmpdir(), "sessile-sentinel-"));
    const remove = ownedFolder(folder);
    const file = join(folder, "sentinel.conf");
    writeFileSync(file, settingsOf(port, folder, primaryPort));
    const child = await startProgram([file, "--sentinel"], "+monitor master");
    const close = async () => {
      await endProgram(child);
      remove();
    };
    return { port, ask: (...command) => ask(port, command), close };
  });
}

function settingsOf(port: number, folder: string, primaryPort: number): string {
  return `port ${port}
bind 127.0.0.1
dir ${folder}
sentinel monitor ${SENTINEL_NAME} 127.0.0.1 ${primaryPort} 2
sentinel down-after-milliseconds ${SENTINEL_NAME} 1000
sentinel failover-timeout ${SENTINEL_NAME} 3000
`;
}

async function knowsAll(sentinel: Sentinel): Promise<boolean> {
  const primary = pairs(await sentinel.ask("SENTINEL", "MASTER", SENTINEL_NAME));
  const replicas = (await sentinel.ask("SENTINEL", "REPLICAS", SENTINEL_NAME)) as readonly Reply[];
  const areLinked = replicas.every((replica) => pairs(replica)["master-link-status"] === "ok");
  return primary["num-other-sentinels"] === "2" && replicas.length === 2 && areLinked;
}

function pairs(reply: Reply): Record<string, Reply> {
  const words = reply as readonly Reply[];
  return Object.fromEntries(Array.from({ length: words.length / 2 }, (_, i) => [words[2 * i], words[2 * i + 1]]));
}

function groupOf(
  nodes: readonly RedisServer[],
  sentinels: readonly Sentinel[],
  close: () => Promise<void>,
): SentinelGroup {
  const namedBy = async (sentinel: Sentinel) => {
    const [, port] = (await sentinel.ask("SENTINEL", "GET-MASTER-ADDR-BY-NAME", SENTINEL_NAME)) as [string, string];
    return nodes.find((node) => node.port === Number(port)) as RedisServer;
  };
  const group: SentinelGroup = {
    nodes,
    addresses: sentinels.map(({ port }) => ({ host: "127.0.0.1", port })),
    primary: () => namedBy(sentinels[0] as Sentinel),
    async takeForDeadAfter(silence) {
      const setting = ["down-after-milliseconds", String(silence)];
      for (const sentinel of sentinels) await sentinel.ask("SENTINEL", "SET", SENTINEL_NAME, ...setting);
    },
    async failOver() {
      const former = await group.primary();
      const begin = async () =>
        (await isReplicated(nodes)) && (await sentinels[0]?.ask("SENTINEL", "FAILOVER", SENTINEL_NAME)) === "OK";
      await waitUntil("a failover begins", begin);
      // A Sentinel abandons a failover that exceeds its timeout, and begins no other by itself.
      const reminder = setInterval(() => {
        void group
          .primary()
          .then((now) => now === former && begin())
          .catch(() => {});
      }, 6000);
      await group.untilTakenOver(former).finally(() => clearInterval(reminder));
      await group.untilWhole();
    },
    async untilTakenOver(former) {
      const isOver = (sentinel: Sentinel) => async () => {
        const named = await namedBy(sentinel);
        if (named === former) throw new Error(`the Sentinel on port ${sentinel.port} names the former one`);
        return (await roleOf(named)) === "master";
      };
      await Promise.all(sentinels.map((sentinel) => waitUntil("a replica has taken over", isOver(sentinel))));
    },
    async untilWhole() {
      await waitUntil("all nodes follow the primary that all Sentinels name", async () => {
        const [primary, ...others] = await Promise.all(sentinels.map(namedBy));
        const replicas = nodes.filter((node) => node !== primary);
        const follow = await Promise.all(replicas.map((node) => isLinked(node, primary as RedisServer)));
        const areDone = await Promise.all(sentinels.map(hasFailedOver));
        return others.every((other) => other === primary) && [...follow, ...areDone].every(Boolean);
      });
    },
    close,
  };
  return group;
}

/** A Sentinel whose new primary dies during the failover never completes it, and keeps naming that primary. */
async function hasFailedOver(sentinel: Sentinel): Promise<boolean> {
  const { flags } = pairs(await sentinel.ask("SENTINEL", "MASTER", SENTINEL_NAME));
  return !String(flags).includes("failover_in_progress");
}

async function isLinked(node: RedisServer, primary: RedisServer): Promise<boolean> {
  const own = parseInfo(await node.ask("INFO", "replication"));
  return own["master_link_status"] === "up" && own["master_port"] === String(primary.port);
}

async function roleOf(server: RedisServer): Promise<string | undefined> {
  return parseInfo(await server.ask("INFO", "replication"))["role"];
}
