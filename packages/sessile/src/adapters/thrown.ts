// Values that frameworks throw to answer a request: redirects, refusals, whole responses. Recognized by shape, because
// the frameworks bundle their classes with the application.

import { isResponse } from "./payload.ts";

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
  if (location !== undefined) return new Response(null, { status: Number(redirect), headers: { location } });
  const [, status] = /^NEXT_HTTP_ERROR_FALLBACK;(4\d\d)$/.exec(digest) ?? [];
  return status === undefined ? 500 : new Response(null, { status: Number(status) });
}

/** `redirect()` and `error()` of SvelteKit, which renders the page of an error itself. */
function ofSvelteKit({ status, location, body }: { status?: unknown; location?: unknown; body?: unknown }): Thrown {
  if (typeof status !== "number" || status < 300 || status > 599) return null;
  if (status < 400) return typeof location === "string" ? new Response(null, { status, headers: { location } }) : null;
  return typeof body === "object" ? status : null;
}

/** `data()` of React Router, which an error boundary of the application shows. */
function ofReactRouter({ type, init }: { type?: unknown; init?: { readonly status?: number } | null }): Thrown {
  return type === "DataWithResponseInit" ? (init?.status ?? 500) : null;
}
