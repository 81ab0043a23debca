// Sessions for the server components and server actions of Next.js 15 and later. Route handlers and the proxy (middleware)
// take `sessile/web`. Translates, and decides nothing.

import type { OpenSession, SessionManager } from "../core/manager.ts";
import type { Session } from "../core/session.ts";
import type { SessionRequest, SessionResponse } from "../core/transport.ts";
import { outcomeOf } from "./outcome.ts";

/** The functions of `next/headers`. */
export interface NextHeaders {
  cookies(): Promise<NextCookies>;
  headers(): Promise<{ get(name: string): string | null }>;
}

/** As much as is needed of what `cookies()` gives. */
export interface NextCookies {
  getAll(): readonly { readonly name: string; readonly value: string }[];
  set(cookie: NextCookie): unknown;
}

export interface NextCookie {
  name: string;
  value: string;
  maxAge?: number;
  expires?: Date;
  path?: string;
  domain?: string;
  secure?: boolean;
  httpOnly?: boolean;
  sameSite?: "strict" | "lax" | "none";
  partitioned?: boolean;
}

export interface NextSessions<Data extends object> {
  /** The session of the request, to look at: for server components, which cannot set cookies. Writing into it throws. */
  readSession(): Promise<Session<Data>>;
  /**
   * A server action with the session as its first argument. It is settled when the action is through, also when that ends by
   * `redirect()` or `notFound()`; any other error keeps nothing.
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
  const open = async (method: string): Promise<OpenSession<Data>> => manager.open(await toRequest(method, next));
  return {
    async readSession() {
      const opened = await open("GET");
      await opened.session.commit(); // notes the activity, and makes no new token, which nobody could hand out
      await opened.commit(READ_ONLY, { set: () => {}, append: () => {} });
      return opened.session;
    },
    action:
      (handler) =>
      async (...args) => {
        const opened = await open("POST");
        const [value, isThrown] = await outcomeOf(() => handler(opened.session, ...args));
        await opened.commit(isThrown ? statusOf(value) : 200, headersOf(await next.cookies()));
        if (isThrown) throw value;
        return value;
      },
  };
}

/** As if the request had failed: then nothing is written any more, and whoever tries is told so. */
const READ_ONLY = 500;

async function toRequest(method: string, next: NextHeaders): Promise<SessionRequest> {
  const [headers, cookies] = await Promise.all([next.headers(), next.cookies()]);
  return {
    method,
    path: "",
    header: (name) =>
      name === "cookie" ? cookieHeader(headers.get(name) ?? "", cookies) : (headers.get(name) ?? undefined),
  };
}

/**
 * What the request would look like with the cookies as they are now: a page that is rendered after an action, in the same
 * request, is to see what the action did. Cookies that were sent twice are given as they were sent, because of such Next.js
 * keeps the last only, and a contradiction would go unnoticed.
 */
function cookieHeader(sent: string, cookies: NextCookies): string {
  const pairs = sent.split(/; */);
  const names = pairs.map((pair) => pair.split("=", 1)[0]);
  const repeated = pairs.filter((_, index) => names.indexOf(names[index]) !== names.lastIndexOf(names[index]));
  return [...cookies.getAll().map(({ name, value }) => `${name}=${encodeURIComponent(value)}`), ...repeated].join("; ");
}

/** The status that Next.js gives `redirect()`, `notFound()` and the like, which are thrown; any other error is a failure. */
function statusOf(error: unknown): number {
  const { digest } = (error ?? {}) as { digest?: unknown };
  return /^NEXT_(?:REDIRECT|NOT_FOUND|HTTP_ERROR_FALLBACK)\b/.test(String(digest)) ? 303 : 500;
}

/** Only cookies can be set; answers of actions are kept by nobody, so the other headers are not missed. */
function headersOf(cookies: NextCookies): SessionResponse {
  return {
    set: () => {},
    append: (name, value) => void (name === "set-cookie" && cookies.set(parseCookie(value))),
  };
}

function parseCookie(line: string): NextCookie {
  const [[name = "", value = ""] = [], ...attributes] = line.split("; ").map((part) => part.split("="));
  return { name, value, ...Object.fromEntries(attributes.map(([key = "", text]) => attribute(key, text))) };
}

function attribute(name: string, text: string | undefined): [keyof NextCookie, unknown] {
  const key = name.toLowerCase();
  if (key === "max-age") return ["maxAge", Number(text)];
  if (key === "expires") return ["expires", new Date(String(text))];
  if (key === "samesite") return ["sameSite", text?.toLowerCase()];
  return [key === "httponly" ? "httpOnly" : (key as keyof NextCookie), text ?? true];
}
