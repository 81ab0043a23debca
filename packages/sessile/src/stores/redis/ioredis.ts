// The clients of `ioredis` and `iovalkey`: how they are spoken to, and which ones would send late or twice.

import { wrong } from "../../core/options.ts";
import type { RedisPort } from "./client.ts";

/** A `Redis` or `Cluster` of `ioredis` or `iovalkey`. */
export interface IoredisClient {
  readonly status: string;
  readonly options: object;
  call(command: string, ...args: string[]): Promise<unknown>;
  /** The same for the commonest command, for which ioredis has a quicker way. */
  get(key: string): Promise<string | null>;
}

export function isIoredis(client: unknown): client is IoredisClient {
  const { call, status } = (client ?? {}) as Partial<IoredisClient>;
  return typeof call === "function" && typeof status === "string";
}

export function ioredisPort(client: IoredisClient): RedisPort {
  checkOptions(client.options);
  const connected = client as { readonly stream?: Connection };
  const gather = gathering(client.options);
  return {
    isReady: () => client.status === "ready" && isWritable(connected),
    send: (_key, [command = "", ...args]) => {
      const reply = command === "GET" ? client.get(args[0] as string) : client.call(command, ...args);
      gather(connected.stream);
      return reply;
    },
  };
}

/** A `Redis` has one, a `Cluster` many that it does not show. */
interface Connection {
  readonly writable: boolean;
  cork(): void;
  uncork(): void;
}

/** A connection that is just ending is still called ready; what it is given then would leave after the next reconnect. */
function isWritable({ stream }: { readonly stream?: Connection }): boolean {
  return stream?.writable !== false;
}

/** Milliseconds for which commands are held back at most, where a turn of the event loop goes on for longer. */
const LONGEST_HOLD = 2;

/** Not those of a test with a clock of its own. */
const { performance, setImmediate } = globalThis;

/**
 * ioredis gives the system each command by itself, which costs more than all else that it does for one. So the first of a turn of the event
 * loop leaves at once, and those after it in one piece at the turn's end. What a connection has not sent when it ends never leaves, as before.
 * A client that gives up by a clock of its own gets no such help: a command might leave after its caller was told that it failed.
 */
function gathering({ commandTimeout }: Options): (connection: Connection | undefined) => void {
  let held: Connection | undefined;
  let until = 0;
  const letGo = () => {
    held?.uncork();
    held = undefined;
  };
  return (connection) => {
    if (connection === undefined || commandTimeout !== undefined) return;
    if (held === undefined) setImmediate(letGo);
    else if (performance.now() < until) return;
    held?.uncork();
    held = connection;
    connection.cork();
    until = performance.now() + LONGEST_HOLD;
  };
}

interface Options {
  readonly commandTimeout?: number;
  readonly autoResendUnfulfilledCommands?: boolean;
  readonly reconnectOnError?: ((error: Error) => unknown) | null;
  readonly retryDelayOnFailover?: number;
  readonly retryDelayOnClusterDown?: number;
  readonly clusterNodeRetryStrategy?: unknown;
  readonly redisOptions?: Options;
  readonly scaleReads?: unknown;
}

/**
 * By default, ioredis sends what was under way a second time after a reconnect. A write that had arrived is then done
 * twice, or seconds after its caller was told that it failed, and nothing can take a command back from ioredis.
 */
function checkOptions(options: Options): void {
  if ("scaleReads" in options) checkCluster(options);
  else checkConnection(options, "");
}

function checkCluster(options: Options): void {
  const { retryDelayOnFailover, retryDelayOnClusterDown, scaleReads } = options;
  if (retryDelayOnFailover !== 0 || retryDelayOnClusterDown !== 0) {
    throw wrong(
      "client",
      "an ioredis `Cluster` made with `retryDelayOnFailover: 0` and `retryDelayOnClusterDown: 0`, or writes may be done twice, or late",
    );
  }
  if (scaleReads !== "master") {
    throw wrong(
      "client",
      'an ioredis `Cluster` made with `scaleReads: "master"`; replicas show sessions that have ended',
    );
  }
  const { redisOptions = {}, clusterNodeRetryStrategy } = options;
  checkReconnecting(redisOptions, "redisOptions.");
  if (clusterNodeRetryStrategy != null) checkConnection(redisOptions, "redisOptions.");
}

function checkConnection(options: Options, prefix: string): void {
  if (options.autoResendUnfulfilledCommands !== false) {
    throw wrong("client", `made with \`${prefix}autoResendUnfulfilledCommands: false\`, or writes may be done twice`);
  }
  checkReconnecting(options, prefix);
}

/** Most of these functions exist for this one error. */
function checkReconnecting({ reconnectOnError }: Options, prefix: string): void {
  if (reconnectOnError?.(new Error("READONLY You can't write against a read only replica.")) !== 2) return;
  throw wrong("client", `made with a \`${prefix}reconnectOnError\` that returns 1, not 2, or writes may be done late`);
}
