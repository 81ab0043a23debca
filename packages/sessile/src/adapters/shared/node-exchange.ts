// A request of node:http or node:http2, in the form that the core needs.

import type { IncomingMessage } from "node:http";
import type { Http2ServerRequest } from "node:http2";
import type { OpenSession } from "../../core/manager.ts";
import type { Session } from "../../core/session.ts";
import type { SessionRequest, SessionResponse } from "../../core/transport.ts";
import { type Answer, answerTo, FAILURE } from "./answer.ts";
import { answerInstead, type Settlement } from "./hold-response.ts";
import type { NodeResponse } from "./node-response.ts";

/** A request of HTTP/1.1 or HTTP/2. */
export type NodeRequest = IncomingMessage | Http2ServerRequest;

export class NodeExchange<Data extends object> implements SessionRequest, Settlement {
  readonly #request: NodeRequest;
  /** Called with every error that is hidden from the client. */
  readonly report: (error: unknown) => void;
  readonly #url: string;
  #opened: OpenSession<Data> | null = null;

  /**
   * `url` is the URL that the client sent: frameworks shorten the one of the request for a handler below a path, and
   * the comparison of paths must not depend on mounting.
   */
  constructor(request: NodeRequest, report: (error: unknown) => void, url = request.url ?? "") {
    this.#request = request;
    this.report = report;
    this.#url = url;
  }

  get method(): string {
    return this.#request.method ?? "GET";
  }

  get path(): string {
    return this.#url.split("?", 1)[0] as string;
  }

  /**
   * Read from the lines as they were received: Node's `headers` hold only the first line of many headers, so that two
   * credentials would look like one. They do hold all cookies, in the form that the core needs, with the changes of
   * middleware.
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

  /** Takes what the manager has opened for this request; without it `settle` has nothing to do. */
  begin(opened: OpenSession<Data>): Session<Data> {
    this.#opened = opened;
    return opened.session;
  }

  settle(status: number, headers: SessionResponse): Promise<Answer | null> | null {
    const settling = this.#opened?.commit(status, headers);
    if (settling === undefined || !("then" in settling)) return null;
    return settling.then(
      () => null,
      (error) => this.answerTo(error),
    );
  }

  /** The answer to `error`. Reports an error whose answer hides it from the client. */
  answerTo(error: unknown): Answer {
    const answer = answerTo(error, this.#opened?.session);
    if (answer === null) this.report(error);
    return answer ?? FAILURE;
  }

  /**
   * Answers in place of a failed handler if that is still possible, and reports errors that are hidden from the client.
   */
  fail(response: NodeResponse, error: unknown): void {
    const answer = this.answerTo(error);
    if (!answerInstead(response, answer) && answer !== FAILURE) this.report(error);
  }
}

/** Compares the lengths first, because most names differ in length. */
function isName(given: string, name: string): boolean {
  return given.length === name.length && (given === name || given.toLowerCase() === name);
}

/**
 * Names and values in turn. Substitutes for requests, in tests and on serverless platforms, may have only `headers`.
 */
function linesOf(request: NodeRequest): readonly string[] {
  const { rawHeaders } = request as Partial<NodeRequest>;
  if (rawHeaders !== undefined && rawHeaders.length > 0) return rawHeaders;
  return Object.entries(request.headers).flatMap(([name, value]) =>
    [value].flat().flatMap((each) => [name, String(each)]),
  );
}
