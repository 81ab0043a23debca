// The client that the server sees behind a peer with these headers, without a socket.

import Fastify from "fastify";
import { trustIn } from "#dist/config/trusted-proxies.js";
import { describeClients } from "#dist/http/client.js";

export interface Seen {
  readonly address: string;
  readonly isHttps: boolean;
}

/** `peer` is `undefined` for a connection that is gone. */
export type AskFrom = (peer: string | undefined, headers: Record<string, string>) => Promise<Seen>;

export function askFrom(trusted: readonly string[]): AskFrom {
  const trust = trustIn(trusted);
  const app = Fastify({ trustProxy: trust });
  app.addHook("onRequest", async ({ raw, url }) => {
    if (url === "/gone") Object.assign(raw.socket, { remoteAddress: undefined });
  });
  describeClients(app, { trust, keepDevice: false, logNetwork: false });
  app.get("/*", async ({ clientAddress: address, isHttps }) => ({ address, isHttps }));
  return async (peer, headers) => {
    const from = peer === undefined ? { url: "/gone" } : { url: "/", remoteAddress: peer };
    return (await app.inject({ ...from, headers })).json<Seen>();
  };
}
