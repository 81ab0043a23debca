// The adapter for server components and server actions of Next.js 15 and later. Route handlers and the proxy
// (middleware) use `sessile/web`.

import type { OpenSession, SessionManager } from "../core/manager.ts";
import type { Session } from "../core/session.ts";
import type { SessionRequest, SessionResponse } from "../core/transport.ts";
import { answerTo } from "./shared/answer.ts";
import { cutPair, replaceCookies } from "./shared/cookie-pairs.ts";
import { answerOfNext, outcomeOf, settleWithoutHeaders } from "./shared/outcome.ts";
import { checkManager } from "./shared/wiring.ts";

/** The functions of `next/headers`. */
interface NextHeaders {
  /** As of `next/headers`. */
  cookies(): Promise<NextCookies>;
  /** As of `next/headers`. */
  headers(): Promise<{ get(name: string): string | null }>;
}

/** The part of the result of `cookies()` that is needed. */
interface NextCookies {
  /** Every cookie of the request. */
  getAll(): readonly { readonly name: string; readonly value: string }[];
  /** Adds a cookie to the answer. */
  set(cookie: NextCookie): unknown;
}

/** A cookie as `cookies().set` of Next.js takes it. */
interface NextCookie {
  /** The name, as in `Set-Cookie`. */
  name: string;
  /** The value, as in `Set-Cookie`. */
  value: string;
  /** Seconds until it expires; absent for a cookie that ends with the browser. */
  maxAge?: number;
  /** When it expires. */
  expires?: Date;
  /** The attribute `Path`. */
  path?: string;
  /** The attribute `Domain`. */
  domain?: string;
  /** The attribute `Secure`. */
  secure?: boolean;
  /** The attribute `HttpOnly`. */
  httpOnly?: boolean;
  /** The attribute `SameSite`. */
  sameSite?: "strict" | "lax" | "none";
  /** The attribute `Partitioned`. */
  partitioned?: boolean;
}

/** Two ways to a session: to read it while a page renders, and to change it in an action. */
export interface NextSessions<Data extends object> {
  /** The session of the request, read-only: for server components, which cannot set cookies. Writing into it throws. */
  readSession(): Promise<Session<Data>>;
  /**
   * A server action with the session as its first argument. It is settled at the end of the action, also after
   * `redirect()` and `notFound()`; after any other error nothing is kept.
   */
  action<Args extends readonly unknown[], Result>(
    handler: (session: Session<Data>, ...args: Args) => Promise<Result>,
  ): (...args: Args) => Promise<Result>;
}

/**
 * ```ts
 * import { cookies, headers } from "next/headers";
 *
 * export const { readSession, action } = sessions(manager, { cookies, headers });
 * ```
 *
 * The token must travel in a cookie: Next.js lets actions set no other header.
 */
export function sessions<Data extends object>(manager: SessionManager<Data>, next: NextHeaders): NextSessions<Data> {
  checkManager(manager, "sessions(manager, { cookies, headers })");
  const open = async (method: string): Promise<OpenSession<Data>> => manager.open(await toRequest(method, next));
  return {
    async readSession() {
      const opened = await open("GET");
      await settleWithoutHeaders(opened, 200);
      return opened.session;
    },
    action:
      (handler) =>
      async (...args) => {
        const opened = await open("POST").catch(async (error: unknown) => {
          const cookies = headersOf(await next.cookies());
          for (const line of answerTo(error)?.cookies ?? []) cookies.append("set-cookie", line);
          throw error;
        });
        const [value, isThrown] = await outcomeOf(() => handler(opened.session, ...args));
        await opened.commit(isThrown ? statusOf(value) : 200, headersOf(await next.cookies()));
        if (isThrown) throw value;
        return value;
      },
  };
}

async function toRequest(method: string, next: NextHeaders): Promise<SessionRequest> {
  const [headers, cookies] = await Promise.all([next.headers(), next.cookies()]);
  return {
    method,
    path: "",
    mayFreeze: true,
    header: (name) =>
      name === "cookie" ? cookieHeader(headers.get(name) ?? "", cookies) : (headers.get(name) ?? undefined),
  };
}

/**
 * The header as it was sent, with the cookies that have another value in Next.js by now: a page that is rendered after
 * an action, in the same request, sees the result of the action. Unchanged cookies are read as in every other adapter:
 * Next.js decodes values and keeps one of two cookies of a name, which would hide a contradiction.
 */
function cookieHeader(sent: string, cookies: NextCookies): string {
  const received = parseAsNext(sent);
  const changed = cookies.getAll().filter(({ name, value }) => received.get(name) !== value);
  return replaceCookies(sent, new Map(changed.map(({ name, value }) => [name, encodeURIComponent(value)])));
}

/** The cookies of a request as `cookies()` returns them. */
function parseAsNext(header: string): Map<string, string> {
  const cookies = new Map<string, string>();
  for (const pair of header.split(/; */)) {
    const [name, value = "true"] = cutPair(pair);
    try {
      cookies.set(name, decodeURIComponent(value));
    } catch {} // Next.js drops such a cookie
  }
  return cookies;
}

/** Below 500 for `redirect()`, `notFound()` and the like, which are thrown; 500 for any other error. */
function statusOf(error: unknown): number {
  const answer = error instanceof Error ? answerOfNext(error) : null;
  return typeof answer === "object" && answer !== null ? answer.status : 500;
}

/** Only cookies can be set. No cache stores the response to an action, so the other headers are not needed. */
function headersOf(cookies: NextCookies): SessionResponse {
  return {
    get: () => undefined,
    set: () => {},
    append: (name, value) => void (name === "set-cookie" && cookies.set(parseCookie(value))),
  };
}

function parseCookie(line: string): NextCookie {
  const [[name = "", value = ""] = [], ...attributes] = line.split("; ").map(cutPair);
  return { name, value, ...Object.fromEntries(attributes.map(([key, text]) => attribute(key, text))) };
}

function attribute(name: string, text: string | undefined): [keyof NextCookie, unknown] {
  const key = name.toLowerCase();
  if (key === "max-age") return ["maxAge", Number(text)];
  if (key === "expires") return ["expires", new Date(String(text))];
  if (key === "samesite") return ["sameSite", text?.toLowerCase()];
  return [key === "httponly" ? "httpOnly" : (key as keyof NextCookie), text ?? true];
}
