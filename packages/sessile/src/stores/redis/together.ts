// A connection of the store's own, on which several commands go out together. Knows no session.

import type { RedisClient } from "./client.ts";
import { type IoredisClient, isIoredis } from "./ioredis.ts";
import { failure } from "./link.ts";

/** Commands that one connection carries one right after the other, or not at all. */
export interface Together {
  /** One node holds all keys, so that any commands may go together. */
  readonly isOneNode: boolean;
  /** Resolves when there is a connection; the first call makes it. */
  connect(): Promise<void>;
  /** Sends the commands to the node that holds `key`, and to no other. Their replies; fails when one of them fails. */
  send(key: string, commands: readonly (readonly string[])[]): Promise<readonly unknown[]>;
  close(): void;
}

/** A client like this one, over connections of its own. */
interface Copy {
  on(event: "error", listener: () => void): unknown;
  connect(): Promise<unknown>;
}

interface NodeRedisCopy extends Copy {
  readonly isReady: boolean;
  sendCommand(...args: readonly unknown[]): Promise<unknown>;
  multi(): { addCommand(...args: readonly unknown[]): unknown; execAsPipeline(): Promise<readonly unknown[]> };
  destroy(): unknown;
}

interface IoredisCopy extends Copy {
  readonly status: string;
  once(event: "ready", listener: () => void): unknown;
  call(...args: readonly string[]): Promise<unknown>;
  pipeline(): { call(...args: readonly string[]): unknown; exec(): Promise<readonly [Error | null, unknown][] | null> };
  disconnect(): void;
}

export function togetherOf(client: RedisClient): Together {
  return isIoredis(client) ? ioredisTogether(client) : nodeRedisTogether(client);
}

/** The client keeps the commands of a pipeline together: when the connection breaks, what is left of it is dropped. */
function nodeRedisTogether(client: Exclude<RedisClient, IoredisClient>): Together {
  const isCluster = "slots" in client;
  const copy = copier<NodeRedisCopy>(client, (made) => made.connect());
  const made = () => ready(copy.made(), ({ isReady }) => isReady);
  const route = (key: string) => (isCluster ? [key, false] : "getSentinelNode" in client ? [false] : []);
  const send: Together["send"] = async (key, commands) => {
    const batch = made().multi();
    for (const args of commands) batch.addCommand(...route(key), [...args]);
    return batch.execAsPipeline();
  };
  return {
    isOneNode: !isCluster,
    connect: copy.connect,
    send: following(send, (key) => made().sendCommand(...route(key), ["EXISTS", key])),
    close: () => void destroy(copy.made()),
  };
}

/** One that is closed already says so. */
async function destroy(copy: NodeRedisCopy | null): Promise<void> {
  try {
    await copy?.destroy();
  } catch {}
}

function ioredisTogether(client: IoredisClient): Together {
  const copy = copier<IoredisCopy>(client, async (made) => {
    if (made.status === "wait") made.connect().catch(() => {});
    if (made.status !== "ready") await new Promise<void>((resolve) => made.once("ready", resolve));
  });
  const made = () => ready(copy.made(), ({ status }) => status === "ready");
  const send: Together["send"] = async (_key, commands) => {
    const batch = made().pipeline();
    for (const args of commands) batch.call(...args);
    return ((await batch.exec()) ?? []).map(([error, reply]) => {
      if (error !== null) throw error;
      return reply;
    });
  };
  return {
    isOneNode: !("scaleReads" in client.options),
    connect: copy.connect,
    send: following(send, (key) => made().call("EXISTS", key)),
    close: () => copy.made()?.disconnect(),
  };
}

/** As many as a client of a Cluster follows by itself, about: a table of slots that was asked for before the move may arrive after it. */
const MOST_MOVES = 10;

/**
 * Neither library lets a pipeline follow a slot that has moved. The node that says so has done nothing, so it is sent again when
 * an ordinary command has shown the client the way.
 */
function following(send: Together["send"], findWay: (key: string) => Promise<unknown>): Together["send"] {
  return async (key, commands) => {
    for (let moves = 0; ; moves++) {
      try {
        return await send(key, commands);
      } catch (error) {
        if (moves === MOST_MOVES || !(error as Error).message.startsWith("MOVED ")) throw error;
      }
      await findWay(key);
    }
  };
}

/** Copies the client when it is first asked to connect, and again when that failed for good. */
function copier<T extends Copy>(client: RedisClient, open: (made: T) => Promise<unknown>) {
  const { duplicate } = client as unknown as { duplicate: () => T };
  let made: T | null = null;
  let connected: Promise<unknown> | null = null;
  const begin = async () => {
    made = duplicate.call(client);
    made.on("error", () => {});
    await open(made);
  };
  return {
    made: () => made,
    connect: async () => {
      connected ??= begin();
      await connected.catch((error) => {
        connected = null;
        throw error;
      });
    },
  };
}

function ready<T>(made: T | null, isReady: (made: T) => boolean): T {
  if (made !== null && isReady(made)) return made;
  throw failure("Redis is not connected. Nothing was sent.");
}
