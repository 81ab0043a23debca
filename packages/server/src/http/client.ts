// What is known of the client of a request, and who may know it. Knows no route.

import type { FastifyInstance, FastifyRequest } from "fastify";
import { runForRequest } from "../log/request-context.ts";
import { COARSE, networkOf } from "../net/address.ts";
import type { TrustedProxies } from "../net/trusted-proxies.ts";
import { deviceFamily } from "./device.ts";

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
    const network = logNetwork ? networkOf(request.clientAddress, COARSE) : null;
    runForRequest({ reqId: request.id, network, actor: null }, done);
  });
}
