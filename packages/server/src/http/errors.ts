// The answers to failures, in FastAPI's shape and without anything internal.

import { type ServerResponse, STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { isSessionError } from "sessile";
import { SECURITY_HEADERS } from "./harden.ts";
import type { SecurityLog } from "./log/security-log.ts";
import { METHODS } from "./methods.ts";
import { RequestError } from "./request-error.ts";

/** Answers unknown paths, methods that no path has, and errors that a route throws. */
export function answerErrors(app: FastifyInstance, security: SecurityLog): void {
  // Before the body is read: Fastify answers 400 to a QUERY without one.
  app.addHook("onRequest", async ({ method }, reply) =>
    METHODS.includes(method) ? undefined : sendDetail(reply, 501),
  );
  app.setNotFoundHandler(async (_request, reply) => sendDetail(reply, 404));
  app.setErrorHandler(async (error: FastifyError | RequestError, request, reply) => {
    if (error instanceof RequestError) return error.answer(reply);
    const status = error.statusCode ?? 500;
    security.writeRefusal(error);
    if (status === 503) return sendDetail(reply.header("retry-after", "1"), 503, "Service unavailable");
    if (status < 500) return sendDetail(reply, status, error.message);
    request.log.error({ err: error }, "request failed");
    return sendDetail(reply, 500);
  });
  app.server.on("checkExpectation", (_request, response: ServerResponse) => {
    response.writeHead(417, bodyHeaders(417)).end(bodyOf(417));
  });
  app.server.on("connect", (_request, socket: Socket) => refuse(socket, 501));
}

/**
 * For routes that open sessions themselves: no plugin answers the refusals of the manager for them. The manager has
 * logged these already.
 */
export function answerSessionErrors(app: FastifyInstance): void {
  app.setErrorHandler(async (error, _request, reply) => {
    const refused = refusalOf(error);
    if (refused === null) throw error;
    return refused.answer(reply);
  });
}

/** `null` for an error that has the usual answer. */
function refusalOf(error: unknown): RequestError | null {
  if (isSessionError(error, "ERR_SESSION_VALUE"))
    return new RequestError(422, [{ type: "value_error", loc: ["body"], msg: error.message }]);
  if (isSessionError(error, "ERR_SESSION_PAGE"))
    return new RequestError(422, [
      { type: "value_error", loc: ["query", "after"], msg: "Input is no `next` of a page" },
    ]);
  if (isSessionError(error, "ERR_SESSION_CREDENTIALS"))
    return new RequestError(400, "Conflicting credentials", { "www-authenticate": 'Bearer error="invalid_request"' });
  if (isSessionError(error, "ERR_SESSION_CROSS_SITE")) return new RequestError(403, "Cross-site request refused");
  if (isSessionError(error, "ERR_SESSION_LIMIT")) return new RequestError(409, "Too many sessions");
  if (isSessionError(error, "ERR_SESSION_REVOKED")) return new RequestError(409, "Session revoked");
  return null;
}

/** For Fastify's option of this name: a path that cannot be decoded is unknown, whichever route it resembles. */
export function frameworkErrors(_error: FastifyError, _request: FastifyRequest, reply: FastifyReply): void {
  reply.headers(SECURITY_HEADERS);
  sendDetail(reply, 404);
}

/**
 * For Fastify's option of this name: input that the parser refuses never becomes a request, so the answer is written to
 * the bare socket.
 */
export function clientErrorHandler(error: Error & { readonly code?: string }, socket: Socket): void {
  if (error.code === "ECONNRESET" || socket.destroyed) return;
  refuse(socket, STATUS_OF_CODE[error.code ?? ""] ?? 400);
}

const STATUS_OF_CODE: Readonly<Record<string, number>> = {
  ERR_HTTP_REQUEST_TIMEOUT: 408,
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
};

function sendDetail(reply: FastifyReply, status: number, detail = STATUS_CODES[status]): FastifyReply {
  return reply.code(status).send({ detail });
}

/**
 * Answers on a bare socket and ends it. Node removes its own listeners from such a socket: without one for errors, a
 * client that disconnects would end the process; without one for timeouts, a client that does not read would keep the
 * connection.
 */
function refuse(socket: Socket, status: number): void {
  socket.on("error", () => {}).once("timeout", () => socket.destroy());
  if (!socket.writable || socket.writableLength > 0) return void socket.destroy();
  const lines = Object.entries(bodyHeaders(status)).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join("")}\r\n${bodyOf(status)}`);
  socket.destroySoon();
}

function bodyOf(status: number): string {
  return JSON.stringify({ detail: STATUS_CODES[status] });
}

/** The headers of an answer that Fastify does not send. The connection ends after it. */
function bodyHeaders(status: number): Readonly<Record<string, string | number>> {
  return {
    ...SECURITY_HEADERS,
    "content-type": "application/json; charset=utf-8",
    "content-length": bodyOf(status).length,
    connection: "close",
  };
}
