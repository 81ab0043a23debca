// The facts about the client of a request, and the rules for keeping them.

import type { FastifyInstance, FastifyRequest } from "fastify";
import { COARSE, isPrivate, networkOf, parseAddress } from "../config/ip-address.ts";
import type { Trust } from "../config/trusted-proxies.ts";
import { deviceFamily } from "./device.ts";
import { runForRequest } from "./log/request-context.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** The client's address behind any proxies; `unknown` when the connection is gone. */
    readonly clientAddress: string;
    /** The kind of the client's program, for lists of sessions; `null` when it is unknown or not wanted. */
    readonly device: string | null;
    /** Whether the client uses TLS, as a trusted proxy reports. */
    readonly isHttps: boolean;
  }
}

/** Addresses and user agents are personal data, so nothing of them is kept by default (N4). */
export interface ClientOptions {
  /** Fastify's `trustProxy`. */
  readonly trust: Trust;
  /** Whether a session stores the kind of program that began it. */
  readonly keepDevice: boolean;
  /** Whether the log has the client's network. */
  readonly logNetwork: boolean;
}

/** `app` has `trust` as its `trustProxy`. */
export function describeClients(app: FastifyInstance, { trust, keepDevice, logNetwork }: ClientOptions): void {
  app.decorateRequest("clientAddress", {
    getter(this: FastifyRequest) {
      // A hop that is no address is replaced by the proxy that reported it.
      return (this.ips ?? []).map(parseAddress).findLast((address) => address !== null) ?? "unknown";
    },
  });
  app.decorateRequest("device", {
    getter(this: FastifyRequest) {
      return keepDevice ? deviceFamily(this.headers["user-agent"]) : null;
    },
  });
  app.decorateRequest("isHttps", {
    getter(this: FastifyRequest) {
      return this.protocol.toLowerCase() === "https";
    },
  });
  let isWarned = false;
  app.addHook("onRequest", (request, _reply, done) => {
    if (!isWarned) isWarned = warnOfProxy(request, trust);
    const network = logNetwork ? networkOf(request.clientAddress, COARSE) : null;
    runForRequest({ reqId: request.id, network, actor: null }, done);
  });
}

/** Warns of a proxy that is not trusted: all clients behind it count as one, and each can lock out the others. */
function warnOfProxy({ raw, log }: FastifyRequest, trust: Trust): boolean {
  const peer = parseAddress(raw.socket.remoteAddress ?? "");
  if (raw.headers["x-forwarded-for"] === undefined || peer === null || trust(peer)) return false;
  log.warn(
    isPrivate(peer) ? { peer } : {},
    "a peer that --trust-proxy does not name sends X-Forwarded-For: if it is a proxy of yours, name it, or all clients behind it count as one",
  );
  return true;
}
