// The clients of `@redis/client`, also known as `redis`: how each is spoken to, and how it is kept from sending late or twice.

import type { RedisPort } from "./client.ts";

/** A client of `@redis/client` or `redis`, made with `createClient`. */
export interface NodeRedisClient {
  readonly isReady: boolean;
  sendCommand(args: readonly string[], options?: object): Promise<unknown>;
}

/**
 * A client of `@redis/client` or `redis`, made with `createCluster`. Before release 6 it had no `isReady`, and did not look for
 * the primary that took over from a dead one.
 */
export interface NodeRedisCluster {
  readonly isReady: boolean;
  readonly slots: unknown;
  sendCommand(key: string, isReadonly: boolean, args: string[], options?: object): Promise<unknown>;
}

/** A client of `@redis/client` or `redis`, made with `createSentinel`. */
export interface NodeRedisSentinel {
  readonly isReady: boolean;
  readonly getSentinelNode: unknown;
  sendCommand(isReadonly: boolean, args: string[], options?: object): Promise<unknown>;
}

export type AnyNodeRedis = NodeRedisClient | NodeRedisCluster | NodeRedisSentinel;

export function isNodeRedis(client: unknown): client is AnyNodeRedis {
  const { sendCommand, isReady } = (client ?? {}) as Partial<NodeRedisClient>;
  return typeof sendCommand === "function" && typeof isReady === "boolean";
}

/** Always the primary: a replica may still show a session that was signed out. */
export function nodeRedisPort(client: AnyNodeRedis, deadline: number): RedisPort {
  const isReady = () => client.isReady;
  if ("slots" in client) {
    return { isReady, send: (key, args) => client.sendCommand(key, false, [...args], within(deadline)) };
  }
  if ("getSentinelNode" in client) {
    return { isReady, send: (_key, args) => client.sendCommand(false, [...args], once(within(deadline))) };
  }
  return { isReady, send: (_key, args) => client.sendCommand(args, within(deadline)) };
}

interface Sending {
  readonly abortSignal: AbortSignal | undefined;
  readonly timeout: undefined;
  readonly typeMapping: object;
}

/**
 * A command waits inside the client while a connection is being made anew, while a Cluster is being asked where a key went,
 * and while Sentinels choose a primary. The signal takes it back, so that nothing is done long after its caller was told
 * that it failed. The client's own `timeout` begins again with every attempt. Without `typeMapping`, replies could come as
 * buffers.
 */
function within(deadline: number): Sending {
  const abortSignal = Number.isFinite(deadline) ? AbortSignal.timeout(deadline) : undefined;
  return { abortSignal, timeout: undefined, typeMapping: {} };
}

/**
 * After a lost connection, a Sentinel client sends what was under way to the next primary again. The queue of each
 * connection asks the signal before it takes a command, so a signal that says "aborted" from the second time on lets a
 * command in once.
 */
function once(sending: Sending): object {
  const { abortSignal = new AbortController().signal } = sending;
  let isSent = false;
  const signal = {
    get aborted() {
      const isOver = isSent || abortSignal.aborted;
      isSent = true;
      return isOver;
    },
    addEventListener: abortSignal.addEventListener.bind(abortSignal),
    removeEventListener: abortSignal.removeEventListener.bind(abortSignal),
  };
  return { ...sending, abortSignal: signal };
}
