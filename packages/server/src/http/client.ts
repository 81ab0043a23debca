// What is known of the client of a request, and who may know it. Knows no route.

import type { FastifyInstance, FastifyRequest } from "fastify";
import { COARSE, isPrivate, networkOf } from "../config/ip-address.ts";
import type { TrustedProxies } from "../config/trusted-proxies.ts";
import { deviceFamily } from "./device.ts";
import { runForRequest } from "./log/request-context.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** The client's address, whatever proxies are between; `unknown` when the connection is gone. */
    readonly clientAddress: string;
    /** The kind of the client's program, to show in lists of sessions; `null` when it is unknown or not wanted. */
    readonly device: string | null;
    /** Whether a trusted proxy says that the client uses TLS. */
    readonly isHttps: boolean;
  }
}

/** Addresses and user agents are personal data: nothing of them is kept unless asked for (N4). */
export interface ClientOptions {
  readonly proxies: TrustedProxies;
  /** Whether a session keeps the kind of program it began in. */
  readonly keepDevice: boolean;
  /** Whether the log names the client's network. */
  readonly logNetwork: boolean;
}

export function describeClients(app: FastifyInstance, { proxies, keepDevice, logNetwork }: ClientOptions): void {
  app.decorateRequest("clientAddress", {
    getter(this: FastifyRequest) {
      return proxies.addressOf(this.raw);
    },
  });
  app.decorateRequest("device", {
    getter(this: FastifyRequest) {
      return keepDevice ? deviceFamily(this.headers["user-agent"]) : null;
    },
  });
  app.decorateRequest("isHttps", {
    getter(this: FastifyRequest) {
      return proxies.saysHttps(this.raw);
    },
  });
  app.addHook("onRequest", (request, _reply, done) => {
    warnOfProxy(request, proxies);
    const network = logNetwork ? networkOf(request.clientAddress, COARSE) : null;
    runForRequest({ reqId: request.id, network, actor: null }, done);
  });
}

/** The lists that a proxy was missed in already. */
const warned = new WeakSet<TrustedProxies>();

/** Once: a proxy that is not believed makes one client of all that come through it, and each of them can lock out the others. */
function warnOfProxy({ raw, log }: FastifyRequest, proxies: TrustedProxies): void {
  if (warned.has(proxies)) return;
  const peer = proxies.unheardOf(raw);
  if (peer === null) return;
  warned.add(proxies);
  log.warn(
    isPrivate(peer) ? { peer } : {},
    "a peer that --trust-proxy does not name sends X-Forwarded-For: if it is a proxy of yours, name it, or all clients behind it count as one",
  );
}
