// The clients of `@redis/client`, also known as `redis`, as ports: `createClient`, `createClientPool`, `createCluster`,
// `createSentinel`.

import { DEADLINES } from "../../network/deadlines.ts";
import type { RedisPort, RedisPrimary } from "../port.ts";
import { hashSlot } from "./hash-slot.ts";
import { subscribeOver } from "./subscription.ts";

/** A client made with `createClient`. */
export interface NodeRedisClient {
  readonly isReady: boolean;
  sendCommand(args: readonly string[], options?: object): Promise<unknown>;
}

/** One made with `createClientPool`. */
export interface NodeRedisPool {
  readonly isOpen: boolean;
  readonly totalClients: number;
  sendCommand(args: string[], options?: object): Promise<unknown>;
}

/**
 * One made with `createCluster`. Before release 6 it had no `isReady`, and did not find the primary that took over from
 * a dead one.
 */
export interface NodeRedisCluster {
  readonly isReady: boolean;
  readonly slots: unknown;
  sendCommand(key: string, isReadonly: boolean, args: string[], options?: object): Promise<unknown>;
}

/** One made with `createSentinel`. */
export interface NodeRedisSentinel {
  readonly isReady: boolean;
  readonly getSentinelNode: unknown;
  sendCommand(isReadonly: boolean, args: string[], options?: object): Promise<unknown>;
}

export type AnyNodeRedis = NodeRedisClient | NodeRedisPool | NodeRedisCluster | NodeRedisSentinel;

export function isNodeRedis(client: unknown): client is AnyNodeRedis {
  const { sendCommand, isReady, totalClients } = (client ?? {}) as Partial<NodeRedisClient & NodeRedisPool>;
  return typeof sendCommand === "function" && (typeof isReady === "boolean" || typeof totalClients === "number");
}

/**
 * Always the primary: a replica may still show a session that was signed out. `deadline`: a command that has not left
 * by then never does.
 */
export function nodeRedisPort(client: AnyNodeRedis, deadline: number): RedisPort {
  const primaries = () => primariesOf(client);
  return {
    isReady: "isReady" in client ? () => client.isReady : () => client.isOpen,
    send: senderOf(client, deadline),
    subscribe: (channel, onMessage) => subscribeOver(primaries, channel, onMessage),
    primaries,
    holdsAllKeys: !("slots" in client),
  };
}

function senderOf(client: AnyNodeRedis, deadline: number): RedisPort["send"] {
  const options = (Signal: typeof Recall) => {
    // The client's own `timeout` begins again with every attempt. Without `typeMapping`, replies could come as buffers.
    return { abortSignal: new Signal(DEADLINES.now() + deadline), timeout: undefined, typeMapping: NO_MAPPING };
  };
  if ("slots" in client) return (key, args) => client.sendCommand(key, false, [...args], options(Recall));
  if ("getSentinelNode" in client) return (_key, args) => client.sendCommand(false, [...args], options(RecallOfOne));
  return (_key, args) => client.sendCommand(args as string[], options(Recall));
}

const NO_MAPPING = {};

/**
 * A command waits inside the client while a connection is being made anew, while a Cluster is being asked where a key
 * went, and while Sentinels choose a primary. This takes it back, so that no command is done long after its caller got
 * an error.
 *
 * A minimal `AbortSignal`: the three members that the queue of a connection uses. `AbortSignal.timeout` would run out
 * behind every command, long after its answer, at several times the cost of the command.
 */
class Recall {
  readonly #endsAt: number;
  #waiting: ReturnType<typeof DEADLINES.add> | undefined;

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
 * connection asks the signal before it takes a command, so a signal that is aborted from the second time on lets a
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

/** A plain client, as far as it takes to copy it. */
interface Model extends NodeRedisClient {
  readonly isOpen: boolean;
  readonly options?: { readonly socket?: object };
  duplicate(options: object): Model;
  connect(): Promise<unknown>;
  subscribe(channel: string, onMessage: (payload: unknown) => void, asBuffers: true): Promise<unknown>;
  on(event: "error" | "end", listener: () => void): unknown;
  destroy(): void;
}

interface Master {
  readonly address: string;
}

/** The ways to the plain clients inside the other kinds. */
interface Inner {
  readonly masters: readonly Master[];
  readonly slots: readonly { readonly master: Master }[];
  nodeClient(master: Master): Promise<Model> | Model;
  execute<T>(use: (client: Model) => Promise<T>): Promise<T>;
  _execute<T>(isReadonly: false, use: (client: Model) => Promise<T>): Promise<T>;
}

/** Lets a function use the client's connection to a primary. */
type Use = <T>(use: (client: Model) => Promise<T>) => Promise<T>;

function primariesOf(client: AnyNodeRedis): readonly RedisPrimary[] {
  const inner = client as unknown as Inner;
  if ("slots" in client) {
    return inner.masters.map((master) => {
      const owns = (key: string) => inner.slots[hashSlot(key)]?.master.address === master.address;
      return primary(async (use) => use(await inner.nodeClient(master)), master.address, owns);
    });
  }
  if ("getSentinelNode" in client) return [primary((use) => inner._execute(false, use))];
  if ("totalClients" in client) return [primary((use) => inner.execute(use))];
  return [primary((use) => use(client as Model))];
}

/** The connection is copied and not kept: after a failover the client has another. */
function primary(use: Use, name = "", owns: RedisPrimary["owns"] = () => true): RedisPrimary {
  return {
    name,
    owns,
    ask: (args) => use((client) => client.sendCommand(args, { typeMapping: NO_MAPPING })),
    async connect(onLost) {
      const copy = await use(async (client) => {
        const socket = { ...client.options?.socket, reconnectStrategy: false };
        return client.duplicate({ ...ONE_LIFE_IN_RESP_2, socket });
      });
      for (const event of ["error", "end"] as const) copy.on(event, onLost);
      await copy.connect();
      return {
        send: (args) => copy.sendCommand(args),
        subscribe: (channel, onMessage) => copy.subscribe(channel, onMessage, true),
        close: () => copy.isOpen && copy.destroy(),
      };
    },
  };
}

/** Options that the client may have, and a connection in RESP 2 that lives once must not. */
const ONE_LIFE_IN_RESP_2 = {
  RESP: 2,
  commandOptions: {},
  clientSideCache: undefined,
  emitInvalidate: false,
  maintNotifications: "disabled",
};
