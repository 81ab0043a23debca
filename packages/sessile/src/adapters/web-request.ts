// A `Request` as a `SessionRequest` of the core.

import type { SessionRequest } from "../core/transport.ts";

export class WebRequest implements SessionRequest {
  readonly #request: Request;

  constructor(request: Request) {
    this.#request = request;
  }

  /** Compared with `GET` first, which is cheaper than upper case. */
  get method(): string {
    return this.#request.method === "GET" ? "GET" : this.#request.method.toUpperCase();
  }

  /** The path that the client sent, independent of mounting. */
  get path(): string {
    return new URL(this.#request.url).pathname;
  }

  /** The host comes from the URL on platforms that leave it out of the headers. */
  header(name: string): string | undefined {
    return this.#request.headers.get(name) ?? (name === "host" ? new URL(this.#request.url).host : undefined);
  }
}
