// The session's changes to the headers of a `Response` that a handler has made.

import type { SessionResponse } from "../../core/transport.ts";
import { cutPair } from "./cookie-pairs.ts";

/** Responses that carry a user's token, and the request that each answers. */
const taken = new WeakMap<Response, Request>();

/**
 * Whether `response` carries the token of another request's user, which an application would leak by returning it
 * again.
 */
export function isTaken(response: Response, request: Request): boolean {
  return (taken.get(response) ?? request) !== request;
}

export class HeaderChanges implements SessionResponse {
  readonly #present: Headers;
  readonly #changes: ((headers: Headers) => void)[] = [];
  readonly #cookies = new Map<string, string>();
  readonly #request: Request;
  #isOfOneUser = false;

  /** `present` are the headers of the handler's response. */
  constructor(request: Request, present: Headers) {
    this.#request = request;
    this.#present = present;
  }

  get(name: string): string | undefined {
    return this.#present.get(name) ?? undefined;
  }

  /** The cookies that the session sets, by name; an empty value removes one. */
  get cookies(): ReadonlyMap<string, string> {
    return this.#cookies;
  }

  set(name: string, value: string): void {
    this.#isOfOneUser ||= name !== "cache-control";
    this.#changes.push((headers) => headers.set(name, value));
  }

  append(name: string, value: string): void {
    this.#isOfOneUser ||= name !== "vary";
    if (name === "set-cookie") {
      const [cookie, text = ""] = cutPair(value);
      this.#cookies.set(cookie, text.split(";", 1)[0] as string);
    }
    this.#changes.push((headers) => headers.append(name, value));
  }

  /**
   * The response with the changes. A copy if its headers cannot be changed, as with the results of `fetch`; and if it
   * has no body: only such a response can be kept and returned for several requests, and would carry the cookie of one
   * user to the next.
   */
  applyTo(response: Response): Response {
    if (this.#changes.length === 0) return response;
    const isItsOwn = response.body !== null || response.status < 200;
    if (isItsOwn && this.#change(response)) return response;
    const { status, statusText, headers } = response;
    const copy = new Response(response.body, { status, statusText, headers: new Headers(headers) });
    this.#change(copy);
    return copy;
  }

  #change(response: Response): boolean {
    try {
      for (const change of this.#changes) change(response.headers);
      if (this.#isOfOneUser) taken.set(response, this.#request);
      return true;
    } catch {
      return false;
    }
  }
}
