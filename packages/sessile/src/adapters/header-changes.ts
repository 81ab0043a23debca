// The headers of a session, for a `Response` that a handler has made. Knows no framework.

import type { SessionResponse } from "../core/transport.ts";

/** Those that carry the token of a user. */
const taken = new WeakSet<Response>();

/** Whether an earlier request made `response` carry its user's token: an application that returns it again would hand that on. */
export function isTaken(response: Response): boolean {
  return taken.has(response);
}

export class HeaderChanges implements SessionResponse {
  readonly #present: Headers;
  readonly #changes: ((headers: Headers) => void)[] = [];
  #isOfOneUser = false;

  /** `present` are the headers that the handler has given. */
  constructor(present: Headers) {
    this.#present = present;
  }

  get(name: string): string | undefined {
    return this.#present.get(name) ?? undefined;
  }

  set(name: string, value: string): void {
    this.#isOfOneUser ||= name !== "cache-control";
    this.#changes.push((headers) => headers.set(name, value));
  }

  append(name: string, value: string): void {
    this.#isOfOneUser ||= name !== "vary";
    this.#changes.push((headers) => headers.append(name, value));
  }

  /**
   * The response with the changes. A copy where its headers cannot be changed, as with the results of `fetch`; and where it
   * has no body, because only such a response can be kept and returned for several requests, and would then carry the cookie
   * of one user to the next.
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
      if (this.#isOfOneUser) taken.add(response);
      return true;
    } catch {
      return false;
    }
  }
}
