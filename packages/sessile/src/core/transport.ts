// The contract between the core and a transport, and the rules for reading credentials, refusing them and keeping
// answers from caches.

import type { Core } from "./core.ts";
import { SessionError, shown } from "./errors.ts";
import { parseToken } from "./token.ts";

/** The part of a request that a transport and the core may see. Adapters provide it; nothing in it is copied. */
export interface SessionRequest {
  /** The HTTP method, upper case. */
  readonly method: string;
  /** The path as routed, without the query. */
  readonly path: string;
  /**
   * The value of a request header (`name` in lower case), `undefined` when absent. Repeated headers come joined with
   * `", "` and repeated `cookie` headers with `"; "`, as the Fetch standard does.
   */
  header(name: string): string | undefined;
  /**
   * True where the host may stop the process when the answer has left, as serverless platforms do: then touches are
   * written before, unless the manager has `afterResponse`.
   */
  readonly mayFreeze?: boolean;
}

/** The headers of a response. Its methods are called on it: none works alone. Names are in lower case. */
export interface SessionResponse {
  /** The value of a header so far, `undefined` when absent. */
  get(name: string): string | undefined;
  /** Sets a header, replacing what is there. */
  set(name: string, value: string): void;
  /** Adds a header beside what is there. */
  append(name: string, value: string): void;
}

/** The news in a settled response for the client, whatever carries its token. */
export interface Settled {
  /** The new token; `null` when the client keeps the one it has. */
  readonly newToken: string | null;
  /** Whether the client is told to forget its token. */
  readonly cleared: boolean;
}

/** How a token travels. */
export interface SessionTransport {
  /** Names the transport in errors: `"header"`, `"bearer"`, `"cookie"`. */
  readonly name: string;
  /** The request header it reads; goes into `Vary`. */
  readonly requestHeader: string;
  /** The distinct values presented. More than one means that the request contradicts itself. */
  read(request: SessionRequest): readonly string[];
  /**
   * Hands a new token to the client. `maxAge` is the session's remaining absolute lifetime in ms; `null` when the client
   * should forget the token when it is closed.
   */
  issue(token: string, maxAge: number | null, response: SessionResponse): void;
  /** Makes the client forget its token. */
  clear(response: SessionResponse): void;
  /**
   * Whether a request may act with a credential that the client attaches by itself. Absent where attaching the token
   * takes a program's intent, as with a custom header.
   */
  permits?(request: SessionRequest): boolean;
  /**
   * Why the client that sent this request would drop what `issue` hands out; `undefined` when it would not. The manager
   * warns once.
   */
  objection?(request: SessionRequest): string | undefined;
  /**
   * `Set-Cookie` lines for a request that presents two tokens: they expire what the client holds under this transport's
   * name and what this configuration would not have written, so that the next request may present one.
   */
  expireOthers?(request: SessionRequest): readonly string[];
}

/** The token a request presents, and how. */
export interface Credential {
  readonly token: string;
  readonly transport: SessionTransport;
}

/**
 * The one token that a request presents; `null` when it presents none. Text that can be no token, in a header that
 * programs send, is no credential beside that of another transport.
 *
 * Throws `ERR_SESSION_CREDENTIALS` when two tokens differ, in one transport or across several: a proxy and this program
 * might otherwise each believe another one (RFC 6750 §2, ASVS 15.3.7). Equal ones are one.
 */
export function readCredential(
  transports: readonly SessionTransport[],
  request: SessionRequest,
  prefix: string,
): Credential | null {
  let found: Credential | null = null;
  // By index, because V8 walks a frozen list with a call for each item.
  for (let index = 0; index < transports.length; index++) {
    const transport = transports[index] as SessionTransport;
    for (const token of transport.read(request)) {
      const next: Credential = { token, transport };
      if (found === null) found = next;
      else if (found.token === token) continue;
      else if (found.transport === transport) throw contradiction(transport, transport, request);
      else if (isNothing(found, prefix)) found = next;
      else if (!isNothing(next, prefix)) throw contradiction(found.transport, transport, request);
    }
  }
  return found;
}

/** Such as the text `undefined`, which a client sends that has no token. */
function isNothing({ token, transport }: Credential, prefix: string): boolean {
  return transport.permits === undefined && parseToken(prefix, token) === null;
}

/** Two transports that disagree expire nothing: which one the client means to keep is unknown. */
function contradiction(first: SessionTransport, second: SessionTransport, request: SessionRequest): SessionError {
  const isOne = first === second;
  const where = isOne ? `twice through \`${first.name}\`` : `through both \`${first.name}\` and \`${second.name}\``;
  const message = `The request presents different tokens, ${where}. Send exactly one.`;
  const cookies = isOne ? first.expireOthers?.(request) : undefined;
  return new SessionError("ERR_SESSION_CREDENTIALS", message, { ...(cookies && { cookies }) });
}

/** Refuses a cross-site request that would act with a credential the browser attached by itself. */
export function checkOrigin(core: Core, transport: SessionTransport, request: SessionRequest): void {
  if (transport.permits === undefined || transport.permits(request)) return;
  const [origin = null, host = null] = ["origin", "host"].map((name) => {
    const value = request.header(name);
    return value === undefined ? null : shown(value);
  });
  const seen = `\`Origin\` is ${JSON.stringify(origin)} and \`Host\` ${JSON.stringify(host)}`;
  const refusal = "A cross-site request must not act with this site's session";
  const message = `${refusal}: ${seen}. Name own origins in \`trustedOrigins\`.`;
  core.events.emit("crossSiteRefused", { origin, host, path: shown(request.path), message, at: core.now() });
  throw new SessionError("ERR_SESSION_CROSS_SITE", message);
}

/**
 * Adds `no-store` to a response that depends on a credential; without one, `Vary` is enough. `private` of the
 * application stays, but a response that carries a token is stored nowhere. `no-transform` is no matter of caches: it
 * keeps middleware from compressing a stream, and so from holding it back.
 */
export function keepFromCaches(response: SessionResponse, carriesToken: boolean): void {
  const before =
    response
      .get("cache-control")
      ?.toLowerCase()
      .split(/\s*,\s*/) ?? [];
  if (before.includes("no-store") || (!carriesToken && before.includes("private"))) return;
  response.set("cache-control", before.includes("no-transform") ? "no-store, no-transform" : "no-store");
}
