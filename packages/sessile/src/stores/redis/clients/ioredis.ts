// The clients of `ioredis` and `iovalkey` as ports, `Redis` and `Cluster`; and which of them would send late or twice.

import { wrong } from "../../../core/options.ts";
import { WaitingList } from "../../network/waiting-list.ts";
import type { RedisPort, RedisPrimary } from "../port.ts";
import { hashSlot } from "./hash-slot.ts";
import { subscribeOver } from "./subscription.ts";

/** A `Redis` or `Cluster`. */
export interface IoredisClient {
  readonly status: string;
  readonly options: object;
  call(command: string, ...args: string[]): Promise<unknown>;
  /** The same for the commonest command, for which ioredis has a quicker way. */
  get(key: string): Promise<string | null>;
}

/** As much more of them as it takes; `nodes` and `slots` are there where it is a `Cluster`. */
interface Ioredis extends IoredisClient {
  readonly options: Options & { readonly keyPrefix?: string; readonly host?: string; readonly port?: number };
  readonly stream?: { readonly writable: boolean };
  /** The nodes of each slot, the primary first. */
  readonly slots?: readonly (readonly string[])[];
  nodes?(role: "master"): readonly Ioredis[];
  duplicate(options: object): Ioredis;
  connect(): Promise<unknown>;
  subscribe(channel: string): Promise<unknown>;
  on(event: "error" | "close", listener: () => void): unknown;
  on(event: "messageBuffer", listener: (channel: Buffer, payload: unknown) => void): unknown;
  disconnect(): void;
}

export function isIoredis(client: unknown): client is IoredisClient {
  const { call, status } = (client ?? {}) as Partial<IoredisClient>;
  return typeof call === "function" && typeof status === "string";
}

export function ioredisPort(client: IoredisClient): RedisPort {
  const redis = client as Ioredis;
  checkOptions(redis.options);
  const primaries = () => primariesOf(redis);
  const send: RedisPort["send"] = (_key, [command = "", ...args]) =>
    command === "GET" ? redis.get(args[0] as string) : redis.call(command, ...args);
  return {
    // A connection that is just ending is still called ready; what it is given then would leave after the next
    // reconnect.
    isReady: () => redis.status === "ready" && redis.stream?.writable !== false,
    send: "scaleReads" in redis.options ? send : endingWith(redis, send),
    subscribe: (channel, onMessage) => subscribeOver(primaries, channel, onMessage),
    primaries,
    holdsAllKeys: redis.nodes === undefined,
    keyPrefix: redis.options.keyPrefix ?? "",
  };
}

/**
 * A `Redis` that does not resend drops what was under way when its connection closes, and never answers it: so this
 * does.
 */
function endingWith(redis: Ioredis, send: RedisPort["send"]): RedisPort["send"] {
  const underWay = new WaitingList<(error: Error) => void>();
  const always = () => true;
  redis.on?.("close", () => underWay.removeWhere(always, (reject) => reject(new Error("Connection is closed."))));
  return (key, args) =>
    new Promise((resolve, reject) => {
      const waiting = underWay.add(reject);
      send(key, args).then(
        (reply) => {
          underWay.remove(waiting);
          resolve(reply);
        },
        (error) => {
          underWay.remove(waiting);
          reject(error);
        },
      );
    });
}

function primariesOf(redis: Ioredis): readonly RedisPrimary[] {
  if (redis.nodes === undefined) return [primary(redis, "", () => true)];
  return redis.nodes("master").map((node) => {
    const name = `${node.options.host}:${node.options.port}`;
    return primary(node, name, (key) => redis.slots?.[hashSlot(key)]?.[0] === name);
  });
}

function primary(redis: Ioredis, name: string, owns: RedisPrimary["owns"]): RedisPrimary {
  return {
    name,
    owns,
    ask: ([command = "", ...args]) => redis.call(command, ...args),
    async connect(onLost) {
      const copy = redis.duplicate(ONE_LIFE_IN_RESP_2);
      for (const event of ["error", "close"] as const) copy.on(event, onLost);
      await copy.connect();
      return {
        send: ([command = "", ...args]) => copy.call(command, ...args),
        subscribe: (channel, onMessage) => {
          copy.on("messageBuffer", (_channel, payload) => onMessage(payload));
          return copy.subscribe(channel);
        },
        close: () => copy.disconnect(),
      };
    },
  };
}

/** Options that the client may have, and a connection in RESP 2 that lives once must not. */
const ONE_LIFE_IN_RESP_2 = {
  protocol: 2,
  replyMapping: undefined,
  keyPrefix: "",
  lazyConnect: true,
  enableOfflineQueue: false,
  enableAutoPipelining: false,
  retryStrategy: null,
  sentinelRetryStrategy: null,
  reconnectOnError: null,
  autoResubscribe: false,
};

interface Options {
  readonly autoResendUnfulfilledCommands?: boolean;
  readonly reconnectOnError?: ((error: Error) => unknown) | null;
  readonly enableAutoPipelining?: boolean;
  readonly enableOfflineQueue?: boolean;
  readonly maxRetriesPerRequest?: number | null;
  readonly retryDelayOnFailover?: number;
  readonly retryDelayOnClusterDown?: number;
  readonly clusterNodeRetryStrategy?: unknown;
  readonly redisOptions?: Options;
  readonly scaleReads?: unknown;
}

/**
 * By default, ioredis sends what was under way a second time after a reconnect. A write that had arrived is then done
 * twice, or seconds after its caller got an error, and nothing can take a command back from ioredis.
 */
function checkOptions(options: Options): void {
  if ("scaleReads" in options) checkCluster(options);
  else checkConnection(options, "");
}

function checkCluster(options: Options): void {
  const { retryDelayOnFailover, retryDelayOnClusterDown, scaleReads } = options;
  const [once, late] = [
    "`retryDelayOnFailover: 0` and `retryDelayOnClusterDown: 0`",
    "writes may be done twice, or late",
  ];
  if (retryDelayOnFailover !== 0 || retryDelayOnClusterDown !== 0)
    throw wrong("client", `an ioredis \`Cluster\` made with ${once}, or ${late}`);
  if (scaleReads !== "master")
    throw wrong("client", 'a `Cluster` made with `scaleReads: "master"`; replicas show sessions that have ended');
  const { redisOptions = {}, clusterNodeRetryStrategy } = options;
  checkReconnecting(redisOptions, "redisOptions.");
  if (clusterNodeRetryStrategy != null) checkConnection(redisOptions, "redisOptions.");
  checkPipelining({ maxRetriesPerRequest: 0, ...options });
}

function checkConnection(options: Options, prefix: string): void {
  if (options.autoResendUnfulfilledCommands !== false)
    throw wrong("client", `made with \`${prefix}autoResendUnfulfilledCommands: false\`, or writes may be done twice`);
  checkReconnecting(options, prefix);
  checkPipelining(options);
}

/** Most of these functions exist for this one error. */
function checkReconnecting({ reconnectOnError }: Options, prefix: string): void {
  if (reconnectOnError?.(new Error("READONLY You can't write against a read only replica.")) !== 2) return;
  throw wrong("client", `made with a \`${prefix}reconnectOnError\` that returns 1, not 2, or writes may be done late`);
}

/**
 * A pipeline that is not answered holds up all that comes after it, for ever; and what it holds up may leave after a
 * reconnect.
 */
function checkPipelining({ enableAutoPipelining, enableOfflineQueue, maxRetriesPerRequest }: Options): void {
  if (!enableAutoPipelining || (enableOfflineQueue === false && maxRetriesPerRequest === 0)) return;
  const safe = "`maxRetriesPerRequest: 0` and `enableOfflineQueue: false`";
  throw wrong("client", `made with ${safe} where \`enableAutoPipelining\` is on, or a lost connection makes it hang`);
}
