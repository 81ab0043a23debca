// A request of node:http or node:http2, as the core sees them. Knows no framework.

import type { IncomingMessage } from "node:http";
import type { Http2ServerRequest } from "node:http2";
import type { OpenSession, SessionManager } from "../core/manager.ts";
import type { Session } from "../core/session.ts";
import type { SessionRequest, SessionResponse } from "../core/transport.ts";
import { type Answer, answerTo, FAILURE } from "./answer.ts";
import type { Settlement } from "./hold-response.ts";

export type NodeRequest = IncomingMessage | Http2ServerRequest;

/** Headers of which Node keeps the first line and drops the others, so that two credentials would look like one. */
const FIRST_LINE_ONLY = new Set([
  "age",
  "authorization",
  "content-length",
  "content-type",
  "etag",
  "expires",
  "from",
  "host",
  "if-modified-since",
  "if-unmodified-since",
  "last-modified",
  "location",
  "max-forwards",
  "proxy-authorization",
  "referer",
  "retry-after",
  "server",
  "user-agent",
]);

export class NodeExchange<Data extends object> implements SessionRequest, Settlement {
  readonly #request: NodeRequest;
  readonly #report: (error: unknown) => void;
  readonly #url: string;
  #opened: OpenSession<Data> | null = null;

  /**
   * `report` hears of every error that the client is told nothing about. `url` is what the client asked for, where a framework
   * shortens that of the request for what is mounted below a path: what paths are compared with must not depend on mounting.
   */
  constructor(request: NodeRequest, report: (error: unknown) => void, url = request.url ?? "") {
    this.#request = request;
    this.#report = report;
    this.#url = url;
  }

  get method(): string {
    return this.#request.method ?? "GET";
  }

  get path(): string {
    return this.#url.split("?", 1)[0] as string;
  }

  header(name: string): string | undefined {
    const { headers } = this.#request;
    const value = headers[name] ?? (name === "host" ? headers[":authority"] : undefined);
    if (value !== undefined && FIRST_LINE_ONLY.has(name)) return this.#allLines(name) ?? String(value);
    return Array.isArray(value) ? value.join(", ") : value;
  }

  async open(manager: SessionManager<Data>): Promise<Session<Data>> {
    this.#opened = await manager.open(this);
    return this.#opened.session;
  }

  commit(status: number, response: SessionResponse): Promise<void> | undefined {
    return this.#opened?.commit(status, response);
  }

  async settle(status: number, headers: SessionResponse): Promise<Answer | null> {
    try {
      await this.commit(status, headers);
      return null;
    } catch (error) {
      return this.answerTo(error);
    }
  }

  /** What the client hears of `error`; whoever is to know more of it hears that too. */
  answerTo(error: unknown): Answer {
    const answer = answerTo(error, this.#opened?.session);
    if (answer === null) this.report(error);
    return answer ?? FAILURE;
  }

  report(error: unknown): void {
    this.#report(error);
  }

  #allLines(name: string): string | undefined {
    const { rawHeaders } = this.#request;
    const values: unknown[] = [];
    for (let index = 0; index < rawHeaders.length; index += 2)
      if (rawHeaders[index]?.length === name.length && rawHeaders[index]?.toLowerCase() === name)
        values.push(rawHeaders[index + 1]);
    return values.length === 0 ? undefined : values.join(", ");
  }
}
