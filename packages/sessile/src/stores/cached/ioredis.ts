// The primaries behind a client of `ioredis` or `iovalkey`, and connections of the cache's own to them. Knows no session.

import type { IoredisClient } from "../redis/client.ts";
import type { Primary } from "./primaries.ts";
import { slotOf } from "./slot.ts";

/** As much of a `Redis` as tracking takes; `nodes` and `slots` are there where it is a `Cluster`. */
export interface Ioredis extends IoredisClient {
  readonly options: { readonly keyPrefix?: string; readonly host?: string; readonly port?: number };
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

/** What the client may have set, and what a connection in RESP 2 that lives once must not have. */
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

export function ioredisPrimaries(client: Ioredis): Primary[] {
  if (client.nodes === undefined) return [ioredisPrimary("", () => true, client)];
  return client.nodes("master").map((node) => {
    const name = `${node.options.host}:${node.options.port}`;
    return ioredisPrimary(name, (key) => client.slots?.[slotOf(key)]?.[0] === name, node);
  });
}

function ioredisPrimary(name: string, owns: Primary["owns"], client: Ioredis): Primary {
  return {
    name,
    owns,
    async connect(onLost) {
      const copy = client.duplicate(ONE_LIFE_IN_RESP_2);
      for (const event of ["error", "close"] as const) copy.on(event, onLost);
      await copy.connect();
      return {
        ask: ([command = "", ...args]) => copy.call(command, ...args),
        subscribe: (channel, listener) => {
          copy.on("messageBuffer", (_channel, payload) => listener(payload));
          return copy.subscribe(channel);
        },
        close: () => copy.disconnect(),
      };
    },
  };
}
