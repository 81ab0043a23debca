// Every primary behind a client, one by one: for what concerns a server and no key. Not for the path of a request.

import { type RedisClient, survive } from "./client.ts";
import { isIoredis } from "./ioredis.ts";
import { RedisLink } from "./link.ts";

/** Sends a command to one primary. */
export type Ask = (...args: readonly string[]) => Promise<unknown>;

interface Callable {
  call(command: string, ...args: readonly string[]): Promise<unknown>;
}

interface Sender {
  sendCommand(...args: readonly unknown[]): Promise<unknown>;
}

/** As much of a Cluster client of either library as it takes to reach its nodes. */
interface Nodes {
  nodes(role: "master"): readonly Callable[];
  readonly masters: readonly unknown[];
  nodeClient(node: unknown): Promise<Sender> | Sender;
}

const TIMEOUT = 5000;
const AS_TEXT = { typeMapping: {} };

/** The primaries as the client knows them now. Calls fail with `ERR_SESSION_STORE`, after 5 seconds at the latest. */
export async function primariesOf(client: RedisClient): Promise<readonly Ask[]> {
  survive(client);
  const nodes = client as unknown as Nodes;
  if (isIoredis(client)) {
    const all = "scaleReads" in client.options ? nodes.nodes("master") : [client as Callable];
    return all.map((node) => patiently((args) => node.call(args[0] as string, ...args.slice(1))));
  }
  if ("slots" in client) {
    const all = await Promise.all(nodes.masters.map(async (node) => nodes.nodeClient(node)));
    return all.map((node) => patiently((args) => node.sendCommand(args, AS_TEXT)));
  }
  const route = "getSentinelNode" in client ? [false] : [];
  return [patiently((args) => (client as Sender).sendCommand(...route, args, AS_TEXT))];
}

function patiently(send: (args: string[]) => Promise<unknown>): Ask {
  const link = new RedisLink({ isReady: () => true, send: (_key, args) => send([...args]) }, TIMEOUT);
  return (...args) => link.send("", args);
}
