// Admits programs with an API key that has the scope of the route.

import type { FastifyInstance, FastifyRequest } from "fastify";
import { linesOf } from "../../http/direct-session.ts";
import { actAs } from "../../http/log/request-context.ts";
import type { SecurityLog } from "../../http/log/security-log.ts";
import { RequestError } from "../../http/request-error.ts";
import { orUnavailable } from "../sign-in/try-sign-in.ts";
import type { KeyScope } from "./key-scopes.ts";
import type { ApiKey, KeyStore } from "./key-store.ts";

declare module "fastify" {
  interface FastifyContextConfig {
    /** The scope that an API key must have for the route. */
    readonly scope?: KeyScope;
  }
}

export interface GuardParts {
  /** `null` without a file of keys, and then no key is valid. */
  readonly keys: KeyStore | null;
  readonly security: SecurityLog;
}

/**
 * Not registered with IANA, which has no scheme for keys in a header of their own; RFC 9110 §15.5.2 demands a
 * challenge.
 */
export const KEY_CHALLENGE = "ApiKey";

/**
 * Guards all routes of `app`, each of which names its scope. The check comes first, so that a program without a key
 * learns nothing of tokens, users, paths and bodies.
 */
export function guardByKey(app: FastifyInstance, parts: GuardParts): void {
  app.addHook("onRequest", async (request, reply) => {
    reply.header("cache-control", "no-store").header("vary", "X-API-Key");
    await admit(parts, request, readKey(request));
  });
}

/** Throws 401 without a valid key, 403 for one without the route's scope. */
export async function admit(parts: GuardParts, request: FastifyRequest, text: string | null): Promise<void> {
  const { scope } = request.routeOptions.config;
  const key = text === null ? null : await orUnavailable(parts.security, () => parts.keys?.verify(text) ?? null);
  if (key === null) throw new RequestError(401, "API key required", { "www-authenticate": KEY_CHALLENGE });
  actAs(actorOf(key));
  if (scope !== undefined && key.scopes.includes(scope)) return;
  parts.security.write("authorisationDenied", { reason: "scope" });
  throw new RequestError(403, "The API key lacks the scope");
}

/** The key of the request; `null` for two lines of the header. */
export function readKey({ raw }: FastifyRequest): string | null {
  const [key, ...others] = linesOf(raw, "x-api-key");
  return key === undefined || others.length > 0 ? null : key;
}

/** The id and not the name: the id is part of the key, and a name may be used again. */
function actorOf({ id }: ApiKey): string {
  return `key:${id}`;
}
