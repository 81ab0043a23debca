// Responses of node:http and node:http2: their common type, and helpers for both.

import {
  type OutgoingHttpHeader,
  type ServerResponse,
  STATUS_CODES,
  validateHeaderName,
  validateHeaderValue,
} from "node:http";
import type { Http2ServerResponse } from "node:http2";
import { type Answer, describesBody } from "./answer.ts";

/** A response of HTTP/1.1 or HTTP/2. */
export type NodeResponse = ServerResponse | Http2ServerResponse;

/** The part of both kinds that the adapters need, with loose types because calls are passed on. */
export interface LooseResponse {
  statusCode: number;
  statusMessage?: string;
  headersSent?: boolean;
  writableEnded?: boolean;
  /** Older than `writableEnded`; Polka, among others, reads it. */
  finished?: boolean;
  readonly stream?: { close(code: number): void };
  setHeader(name: string, value: OutgoingHttpHeader): unknown;
  appendHeader(name: string, value: OutgoingHttpHeader): unknown;
  removeHeader(name: string): unknown;
  getHeader(name: string): OutgoingHttpHeader | undefined;
  getHeaderNames(): string[];
  emit(event: string): boolean;
  once(event: string, listener: (value: unknown) => void): unknown;
  destroy(): unknown;
  writeHead(...args: unknown[]): unknown;
  write(...args: unknown[]): unknown;
  end(...args: unknown[]): unknown;
  flushHeaders(...args: unknown[]): unknown;
  /** The package `compression` adds it. */
  flush?: ((...args: unknown[]) => unknown) | undefined;
}

/** The headers that `writeHead` accepts. */
export type GivenHeaders = Readonly<Record<string, OutgoingHttpHeader>> | readonly unknown[] | null | undefined;

const NGHTTP2_INTERNAL_ERROR = 2;

/** Sends a whole answer. Always sets the length: Node does not count any more after the header was removed. */
export function writeAnswer(response: LooseResponse, { status, headers, cookies, body }: Answer): void {
  for (const name of response.getHeaderNames()) if (describesBody(name)) response.removeHeader(name);
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  for (const line of cookies)
    response.setHeader("set-cookie", appended("set-cookie", response.getHeader("set-cookie"), line));
  response.setHeader("content-length", Buffer.byteLength(body));
  response.statusCode = status;
  if (response.stream === undefined) response.statusMessage = STATUS_CODES[status] ?? "";
  response.end(body);
}

/** Cuts the connection, so that an incomplete answer does not look complete. */
export function cut(response: LooseResponse): void {
  if (response.stream === undefined) response.destroy();
  else response.stream.close(NGHTTP2_INTERNAL_ERROR);
}

/** Drops a chunk, and calls the writer back as if it had been written. */
export function forget(args: readonly unknown[]): true {
  const callback = args.find((arg) => typeof arg === "function") as (() => void) | undefined;
  if (callback !== undefined) process.nextTick(callback);
  return true;
}

/** Destroys a stream that was unpiped at the end of the answer, and would keep its file open for ever. */
export function destroySource(source: unknown): void {
  (source as { destroy?: () => void }).destroy?.();
}

/** Sets headers in all the forms that `writeHead` accepts, to the same effect. */
export function setHeaders(response: LooseResponse, headers: GivenHeaders): void {
  if (headers == null) return;
  const pairs = inPairs(headers);
  if (!Array.isArray(headers)) {
    for (const [name, value] of pairs) response.setHeader(name, value);
    return;
  }
  for (const [name] of pairs) response.removeHeader(name);
  for (const [name, value] of pairs) response.appendHeader(name, value);
}

/** Throws the error that Node throws for such headers, before one of them is set. */
export function checkHeaders(headers: GivenHeaders): void {
  if (headers == null) return;
  for (const [name, value] of inPairs(headers)) {
    validateHeaderName(name);
    if (!Array.isArray(value)) validateHeaderValue(name, value as string);
    else for (const each of value) validateHeaderValue(name, each);
  }
}

/**
 * The value of the header `name` with `value` appended. Each cookie is a line of its own; other values form one list.
 */
export function appended(name: string, present: OutgoingHttpHeader | undefined, value: string): string | string[] {
  if (present === undefined) return value;
  const values = [present, value].flat().map(String);
  return name === "set-cookie" ? values : values.join(", ");
}

/** Throws the error that Node throws for an invalid status. */
export function checkStatus(status: number): void {
  if ((status | 0) >= 100 && (status | 0) <= 999) return;
  throw coded(
    new RangeError(`The status of a response must be from 100 to 999, not ${status}.`),
    "ERR_HTTP_INVALID_STATUS_CODE",
  );
}

/** Throws the error that Node throws for an invalid chunk. */
export function checkChunk(chunk: unknown): void {
  if (typeof chunk === "string" || chunk instanceof Uint8Array) return;
  throw coded(new TypeError("A chunk of a response must be a string or a Uint8Array."), "ERR_INVALID_ARG_TYPE");
}

/** The error that Node throws for a second `writeHead`. */
export function headersSent(): Error {
  return coded(new Error("Cannot write headers after they are sent to the client."), "ERR_HTTP_HEADERS_SENT");
}

function inPairs(list: Exclude<GivenHeaders, null | undefined>): [string, OutgoingHttpHeader][] {
  if (!Array.isArray(list)) return Object.entries(list as Record<string, OutgoingHttpHeader>);
  if (Array.isArray(list[0])) return list as [string, OutgoingHttpHeader][];
  if (list.length % 2 !== 0)
    throw coded(new TypeError("`headers` must be names and values in turn."), "ERR_INVALID_ARG_VALUE");
  return Array.from({ length: list.length / 2 }, (_, index) => [
    list[index * 2] as string,
    list[index * 2 + 1] as string,
  ]);
}

function coded(error: Error, code: string): Error {
  return Object.assign(error, { code });
}
