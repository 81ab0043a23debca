// A `Request` as a `SessionRequest` of the core.

import type { SessionRequest } from "../core/transport.ts";

export class WebRequest implements SessionRequest {
  readonly #request: Request;

  constructor(request: Request) {
    this.#request = request;
  }

  /** Most are `GET`, which costs less to see than to make upper case. */
  get method(): string {
    return this.#request.method === "GET" ? "GET" : this.#request.method.toUpperCase();
  }

  /** The path that the client asked for, wherever the framework mounts the handler. */
  get path(): string {
    return new URL(this.#request.url).pathname;
  }

  /** Some platforms keep the host out of the headers; then it is in the URL. */
  header(name: string): string | undefined {
    return this.#request.headers.get(name) ?? (name === "host" ? new URL(this.#request.url).host : undefined);
  }
}
