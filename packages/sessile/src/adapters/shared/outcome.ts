// The outcome of a handler: a value or an error, a thrown redirect or response, a body. Recognized by shape, because
// platforms replace the global classes and frameworks bundle theirs with the application.

import type { OpenSession } from "../../core/manager.ts";
import type { SessionResponse } from "../../core/transport.ts";

export type Outcome<T> = readonly [value: T, isThrown: false] | readonly [error: unknown, isThrown: true];

export async function outcomeOf<T>(handler: () => T): Promise<Outcome<Awaited<T>>> {
  try {
    return [await handler(), false];
  } catch (error) {
    return [error, true];
  }
}

/** Drops the headers of a session, for want of a response that could carry them. */
export const NO_RESPONSE: SessionResponse = { get: () => undefined, set() {}, append() {} };

/**
 * Settles a session whose response carries none of its headers. Below 500 the changes and the activity are written. A
 * new token could not be issued, so none is made, and a session that the request began is removed.
 */
export async function settleWithoutHeaders<Data extends object>(
  { session, commit }: OpenSession<Data>,
  status: number,
): Promise<void> {
  if (status < 500) await session.commit();
  await commit(500, NO_RESPONSE);
}

/** A response; or the status that the framework will answer with, if the value must reach it; `null` for a failure. */
export type Thrown = Response | number | null;

export function answerToThrown(value: unknown): Thrown {
  if (typeof value !== "object" || value === null) return null;
  if (isResponse(value)) return value;
  return value instanceof Error ? answerOfNext(value) : (ofSvelteKit(value) ?? ofReactRouter(value));
}

/**
 * Errors of Next.js carry a `digest`. `redirect()`, `notFound()` and the like become the responses that Next.js makes
 * of them in route handlers. Others, such as the one that ends the rendering of a route at build time, must reach
 * Next.js.
 */
export function answerOfNext({ digest }: Error & { readonly digest?: unknown }): Thrown {
  if (typeof digest !== "string") return null;
  const [, location, redirect] = /^NEXT_REDIRECT;(?:push|replace);(.*);(30[12378]);/s.exec(digest) ?? [];
  if (location !== undefined) return redirectTo(location, Number(redirect));
  const [, status] = /^NEXT_HTTP_ERROR_FALLBACK;(4\d\d)$/.exec(digest) ?? [];
  return status === undefined ? 500 : new Response(null, { status: Number(status) });
}

/** `null` when the location cannot be a header: the frameworks fail as well. */
function redirectTo(location: string, status: number): Response | null {
  try {
    return new Response(null, { status, headers: { location } });
  } catch {
    return null;
  }
}

/** `redirect()` and `error()` of SvelteKit, which renders the page of an error itself. */
function ofSvelteKit({ status, location, body }: { status?: unknown; location?: unknown; body?: unknown }): Thrown {
  if (typeof status !== "number" || status < 300 || status > 599) return null;
  if (status < 400) return typeof location === "string" ? redirectTo(location, status) : null;
  return typeof body === "object" ? status : null;
}

/** `data()` of React Router, which an error boundary of the application shows. */
function ofReactRouter({ type, init }: { type?: unknown; init?: { readonly status?: number } | null }): Thrown {
  return type === "DataWithResponseInit" ? (init?.status ?? 500) : null;
}

interface Streams {
  readonly pipe: unknown;
  readonly getReader: unknown;
  destroy(): void;
  cancel(): Promise<void>;
}

/** Whether `value` is a `Response` of any platform. */
export function isResponse(value: unknown): value is Response {
  return typeof value === "object" && Object.prototype.toString.call(value) === "[object Response]";
}

/** Frees a stream that will not be sent. Leaves all other values alone, even if they have a `destroy` of their own. */
export function discard(payload: unknown): void {
  const stream = (payload ?? {}) as Partial<Streams>;
  if (typeof stream.pipe === "function") stream.destroy?.();
  else if (typeof stream.getReader === "function") stream.cancel?.().catch(() => {});
}
