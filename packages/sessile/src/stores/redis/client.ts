// One way to send a command to Redis or Valkey, whichever client library is behind it. Knows no session and no script.

import { wrong } from "../../core/options.ts";

/** What the store needs of a client: one method, and a way to know that a command would leave at once. */
export interface RedisPort {
  isReady(): boolean;
  /** Sends one command to the node that holds `key`. Every key among `args` is `key`. */
  send(key: string, args: readonly string[]): Promise<unknown>;
}

/** A client of `@redis/client` or `redis`, made with `createClient`. */
export interface NodeRedisClient {
  readonly isReady: boolean;
  sendCommand(args: readonly string[], options?: object): Promise<unknown>;
}

/** A client of `@redis/client` or `redis`, made with `createCluster`. */
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

/** A `Redis` or `Cluster` of `ioredis` or `iovalkey`. */
export interface IoredisClient {
  readonly status: string;
  readonly options: object;
  call(command: string, ...args: string[]): Promise<unknown>;
}

export type RedisClient = NodeRedisClient | NodeRedisCluster | NodeRedisSentinel | IoredisClient;

/** Recognises the client by what it can do. Throws `ERR_SESSION_OPTION` for one that cannot be used, or not safely. */
export function portOf(client: RedisClient, deadline: number): RedisPort {
  if (isIoredis(client)) return ioredisPort(client);
  if (typeof client?.sendCommand !== "function" || typeof client.isReady !== "boolean") {
    throw wrong("client", "an opened client of `@redis/client` (5 or later) or `ioredis` (5 or later)");
  }
  return { isReady: () => client.isReady, send: nodeRedisSender(client, nodeRedisOptions(deadline)) };
}

/**
 * Without `timeout`, a command that could not be written before the connection broke would wait inside the client and run
 * after a reconnect, long after its caller was told that it failed. Without `typeMapping`, replies could come as buffers.
 */
function nodeRedisOptions(deadline: number): object {
  return Number.isFinite(deadline) ? { timeout: deadline, typeMapping: {} } : { timeout: undefined, typeMapping: {} };
}

/** Always the primary: a replica may still show a session that was signed out. */
function nodeRedisSender(client: Exclude<RedisClient, IoredisClient>, options: object): RedisPort["send"] {
  if ("slots" in client) return (key, args) => client.sendCommand(key, false, [...args], options);
  if ("getSentinelNode" in client) return (_key, args) => client.sendCommand(false, [...args], options);
  return (_key, args) => client.sendCommand(args, options);
}

export function isIoredis(client: RedisClient): client is IoredisClient {
  return typeof (client as IoredisClient)?.call === "function" && typeof (client as IoredisClient).status === "string";
}

function ioredisPort(client: IoredisClient): RedisPort {
  checkIoredis(client.options);
  return {
    isReady: () => client.status === "ready",
    send: (_key, [command = "", ...args]) => client.call(command, ...args),
  };
}

interface IoredisOptions {
  readonly autoResendUnfulfilledCommands?: boolean;
  readonly retryDelayOnFailover?: number;
  readonly clusterNodeRetryStrategy?: unknown;
  readonly redisOptions?: IoredisOptions;
  readonly scaleReads?: unknown;
}

/**
 * By default, ioredis sends what was under way a second time after a reconnect. A write that had arrived is then done
 * twice, or seconds after its caller was told that it failed, and nothing can take a command back from ioredis.
 */
function checkIoredis(options: IoredisOptions): void {
  const isCluster = "scaleReads" in options;
  if (!isCluster) checkResending(options, "");
  if (isCluster && options.retryDelayOnFailover !== 0) {
    throw wrong("client", "an ioredis `Cluster` made with `retryDelayOnFailover: 0`, or writes may be done twice");
  }
  if (isCluster && options.scaleReads !== "master") {
    throw wrong(
      "client",
      'an ioredis `Cluster` made with `scaleReads: "master"`; replicas show sessions that have ended',
    );
  }
  if (options.clusterNodeRetryStrategy != null) checkResending(options.redisOptions ?? {}, "redisOptions.");
}

function checkResending({ autoResendUnfulfilledCommands }: IoredisOptions, prefix: string): void {
  if (autoResendUnfulfilledCommands === false) return;
  throw wrong("client", `made with \`${prefix}autoResendUnfulfilledCommands: false\`, or writes may be done twice`);
}
