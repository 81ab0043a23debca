// The facts about the client of a request, and the rules for keeping them.

import type { FastifyInstance, FastifyRequest } from "fastify";
import { COARSE, isPrivate, networkOf } from "../config/ip-address.ts";
import type { TrustedProxies } from "../config/trusted-proxies.ts";
import { deviceFamily } from "./device.ts";
import { runForRequest } from "./log/request-context.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** The client's address behind any proxies; `unknown` when the connection is gone. */
    readonly clientAddress: string;
    /** The kind of the client's program, for lists of sessions; `null` when it is unknown or not wanted. */
    readonly device: string | null;
    /** Whether a trusted proxy reports that the client uses TLS. */
    readonly isHttps: boolean;
  }
}

/** Addresses and user agents are personal data, so nothing of them is kept by default (N4). */
export interface ClientOptions {
  readonly proxies: TrustedProxies;
  /** Whether a session stores the kind of program that began it. */
  readonly keepDevice: boolean;
  /** Whether the log has the client's network. */
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

/** The lists for which the warning has been written. */
const warned = new WeakSet<TrustedProxies>();

/**
 * Warns once about a proxy that is not trusted: all clients behind it count as one, and each can lock out the others.
 */
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
