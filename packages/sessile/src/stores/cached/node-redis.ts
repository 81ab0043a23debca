// The primaries behind a client of `@redis/client`, and connections of the cache's own to them. Knows no session.

import type { Primary } from "./primaries.ts";
import { slotOf } from "./slot.ts";

/** As much of a client made with `createClient` as tracking takes. */
export interface NodeRedis {
  readonly isOpen: boolean;
  readonly options?: { readonly socket?: object };
  sendCommand(args: readonly string[]): Promise<unknown>;
  duplicate(options: object): NodeRedis;
  connect(): Promise<unknown>;
  subscribe(channel: string, listener: (payload: unknown) => void, asBuffers: true): Promise<unknown>;
  on(event: "error" | "end", listener: () => void): unknown;
  destroy(): void;
}

interface Master {
  readonly address: string;
}

/** As much of one made with `createCluster`. */
export interface NodeRedisNodes {
  readonly masters: readonly Master[];
  readonly slots: readonly { readonly master: Master }[];
  nodeClient(master: Master): Promise<NodeRedis> | NodeRedis;
}

/** As much of one made with `createSentinel`: it lets a function use its connection to the primary of the moment. */
export interface NodeRedisBehindSentinel {
  _execute(isReadonly: false, use: (client: NodeRedis) => Promise<NodeRedis>): Promise<NodeRedis>;
}

/** What the client may have set, and what a connection in RESP 2 that lives once must not have. */
const ONE_LIFE_IN_RESP_2 = {
  RESP: 2,
  commandOptions: {},
  clientSideCache: undefined,
  emitInvalidate: false,
  maintNotifications: "disabled",
};

export function nodeRedisPrimaries(cluster: NodeRedisNodes): Primary[] {
  return cluster.masters.map((master) => {
    const { address } = master;
    const owns = (key: string) => cluster.slots[slotOf(key)]?.master.address === address;
    return nodeRedisPrimary(address, owns, () => cluster.nodeClient(master));
  });
}

/** The connection is copied and not kept: after a failover the client has another. */
export function nodeRedisPrimaryBehind(sentinel: NodeRedisBehindSentinel): Primary {
  return nodeRedisPrimary(
    "",
    () => true,
    () => sentinel._execute(false, async (client) => client),
  );
}

export function nodeRedisPrimary(
  name: string,
  owns: Primary["owns"],
  client: NodeRedis | (() => Promise<NodeRedis> | NodeRedis),
): Primary {
  return {
    name,
    owns,
    async connect(onLost) {
      const model = typeof client === "function" ? await client() : client;
      const socket = { ...model.options?.socket, reconnectStrategy: false };
      const copy = model.duplicate({ ...ONE_LIFE_IN_RESP_2, socket });
      for (const event of ["error", "end"] as const) copy.on(event, onLost);
      await copy.connect();
      return {
        ask: (args) => copy.sendCommand(args),
        subscribe: (channel, listener) => copy.subscribe(channel, listener, true),
        close: () => copy.isOpen && copy.destroy(),
      };
    },
  };
}
