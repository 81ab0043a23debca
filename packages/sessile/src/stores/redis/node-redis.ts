// The clients of `@redis/client`, also known as `redis`: how each is spoken to, and how it is kept from sending late or twice.

import type { RedisPort } from "./client.ts";
import { DEADLINES, type Waiting } from "./deadlines.ts";

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
  const sending = () => within(new Recall(DEADLINES.now() + deadline));
  if ("slots" in client) {
    return { isReady, send: (key, args) => client.sendCommand(key, false, [...args], sending()) };
  }
  if ("getSentinelNode" in client) {
    const once = () => within(new RecallOfOne(DEADLINES.now() + deadline));
    return { isReady, send: (_key, args) => client.sendCommand(false, [...args], once()) };
  }
  return { isReady, send: (_key, args) => client.sendCommand(args, sending()) };
}

/** The client's own `timeout` begins again with every attempt. Without `typeMapping`, replies could come as buffers. */
function within(abortSignal: Recall): object {
  return { abortSignal, timeout: undefined, typeMapping: AS_TEXT };
}

const AS_TEXT = {};

/**
 * A command waits inside the client while a connection is being made anew, while a Cluster is being asked where a key went,
 * and while Sentinels choose a primary. This takes it back, so that nothing is done long after its caller was told that it failed.
 *
 * It is as much of an `AbortSignal` as the queue of a connection asks for: whether it is aborted, and to be told while the command waits in
 * that queue, which is one at a time. `AbortSignal.timeout` would run out behind every command, long after its answer, at several times the
 * cost of the command.
 */
class Recall {
  readonly #endsAt: number;
  #waiting: Waiting | undefined;

  constructor(endsAt: number) {
    this.#endsAt = endsAt;
  }

  get aborted(): boolean {
    return DEADLINES.now() >= this.#endsAt;
  }

  addEventListener(_type: "abort", listener: () => void): void {
    this.#waiting = DEADLINES.add(this.#endsAt, listener);
  }

  removeEventListener(): void {
    if (this.#waiting !== undefined) DEADLINES.remove(this.#waiting);
  }
}

/**
 * After a lost connection, a Sentinel client sends what was under way to the next primary again. The queue of each
 * connection asks the signal before it takes a command, so a signal that says "aborted" from the second time on lets a
 * command in once.
 */
class RecallOfOne extends Recall {
  #isSent = false;

  override get aborted(): boolean {
    const isOver = this.#isSent || super.aborted;
    this.#isSent = true;
    return isOver;
  }
}
