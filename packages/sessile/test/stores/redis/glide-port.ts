// A port to Valkey GLIDE, as `docs/stores.md` gives it: the proof that the port is enough for another library.

import { GlideClient, GlideClientConfiguration, ProtocolVersion } from "@valkey/valkey-glide";
import type { RedisPort } from "sessile/redis";

type Options = Parameters<typeof GlideClient.createClient>[0];

const { Exact } = GlideClientConfiguration.PubSubChannelModes;

/** GLIDE's own names of errors, in the words of Redis. */
const WORDS = {
  ...{ NoScriptError: "NOSCRIPT", BusyLoadingError: "LOADING", ClusterDown: "CLUSTERDOWN", MasterDown: "MASTERDOWN" },
  ...{ ReadOnly: "READONLY", ResponseError: "ERR" },
};

/** GLIDE shows no state of its connection, and gives commands up by its own `requestTimeout`. */
export function glidePort(client: GlideClient, options: Options): RedisPort {
  const ask = (args: readonly string[]) =>
    client.customCommand([...args]).catch(({ message }: Error) => {
      const [, name = "", said] = /(\w+): ([^:]*)$/.exec(message) ?? [];
      throw new Error(said === undefined ? message : `${WORDS[name as keyof typeof WORDS] ?? name} ${said}`);
    });
  return {
    isReady: () => true,
    holdsAllKeys: true,
    send: (_key, args) => ask(args),
    primaries: () => [{ name: "", owns: () => true, ask }],
    subscribe(channel, onMessage) {
      const callback = ({ message }: { message: unknown }) => onMessage(String(message));
      const pubsubSubscriptions = { channelsAndPatterns: { [Exact]: new Set([channel]) }, callback };
      const listening = GlideClient.createClient({ ...options, protocol: ProtocolVersion.RESP3, pubsubSubscriptions });
      const ignore = () => {};
      listening.then(() => onMessage(null), ignore);
      return () => void listening.then((listener) => listener.close(), ignore);
    },
  };
}
