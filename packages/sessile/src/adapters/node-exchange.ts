// A request of node:http or node:http2, as the core sees them. Knows no framework.

import type { IncomingMessage } from "node:http";
import type { Http2ServerRequest } from "node:http2";
import type { OpenSession, SessionManager } from "../core/manager.ts";
import type { Session } from "../core/session.ts";
import type { SessionRequest, SessionResponse } from "../core/transport.ts";
import { type Answer, answerTo, FAILURE } from "./answer.ts";
import { answerInstead, type Settlement } from "./hold-response.ts";
import type { NodeResponse } from "./node-response.ts";

export type NodeRequest = IncomingMessage | Http2ServerRequest;

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

  /**
   * Read from the lines as they came: of many headers Node's `headers` hold the first line alone, so that two credentials would
   * look like one. Of cookies they hold all, as the core wants them, and whatever middleware made of them.
   */
  header(name: string): string | undefined {
    const { headers } = this.#request;
    if (name === "cookie" && typeof headers.cookie !== "object") return headers.cookie;
    const lines = linesOf(this.#request);
    let value: string | undefined;
    for (let index = 0; index < lines.length; index += 2) {
      if (!isName(lines[index] as string, name)) continue;
      const line = lines[index + 1] as string;
      value = value === undefined ? line : value + (name === "cookie" ? "; " : ", ") + line;
    }
    return value ?? (name === "host" ? this.header(":authority") : undefined);
  }

  async open(manager: SessionManager<Data>): Promise<Session<Data>> {
    this.#opened = await manager.open(this);
    return this.#opened.session;
  }

  /** For a request whose response can carry nothing: it counts as activity, and a change of its session throws. */
  async keepAsItIs(): Promise<void> {
    await this.#opened?.session.commit();
    await this.#opened?.commit(500, { get: () => undefined, set() {}, append() {} });
  }

  settle(status: number, headers: SessionResponse): Promise<Answer | null> | null {
    if (this.#opened === null) return null;
    const { mustWait } = this.#opened;
    const settling = this.#opened.commit(status, headers).then(
      () => null,
      (error) => this.answerTo(error),
    );
    return mustWait ? settling : null;
  }

  /** The answer to `error`; one that tells the client nothing is reported. */
  answerTo(error: unknown): Answer {
    const answer = answerTo(error, this.#opened?.session);
    if (answer === null) this.report(error);
    return answer ?? FAILURE;
  }

  /** Answers in place of a handler that failed, as far as it is possible, and reports what the client is told nothing about. */
  fail(response: NodeResponse, error: unknown): void {
    const answer = this.answerTo(error);
    if (!answerInstead(response, answer) && answer !== FAILURE) this.report(error);
  }

  report(error: unknown): void {
    this.#report(error);
  }
}

/** Most names differ in length, which costs nothing to see. */
function isName(given: string, name: string): boolean {
  return given.length === name.length && (given === name || given.toLowerCase() === name);
}

/** Names and values in turn. What stands in for a request, in tests and on serverless platforms, may have `headers` alone. */
function linesOf(request: NodeRequest): readonly string[] {
  const { rawHeaders } = request as Partial<NodeRequest>;
  if (rawHeaders !== undefined && rawHeaders.length > 0) return rawHeaders;
  return Object.entries(request.headers).flatMap(([name, value]) =>
    [value].flat().flatMap((each) => [name, String(each)]),
  );
}
