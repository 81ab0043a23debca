// The errors that routes throw to refuse a request, with status, message and headers for the client.

import type { FastifyReply } from "fastify";
import type { Session, SignedInSession } from "sessile";

/** One mistake in a request, in FastAPI's form. Without the input, which may be a password. */
export interface InputProblem {
  readonly type: string;
  readonly loc: readonly string[];
  readonly msg: string;
}

export class RequestError extends Error {
  override readonly name = "RequestError";
  readonly statusCode: number;
  readonly detail: string | readonly InputProblem[];
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    statusCode: number,
    detail: string | readonly InputProblem[],
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(typeof detail === "string" ? detail : "The request is not what this route takes.");
    this.statusCode = statusCode;
    this.detail = detail;
    this.headers = headers;
  }

  answer(reply: FastifyReply): FastifyReply {
    reply.code(this.statusCode).headers(this.headers).header("cache-control", "no-store");
    return reply.send({ detail: this.detail });
  }
}

export function notFound(): RequestError {
  return new RequestError(404, "Not Found");
}

/**
 * The session of a signed-in user. Throws the 401 that shows a client whether its token is worth keeping (RFC 6750
 * §3.1).
 */
export function signedIn<Data extends object>(session: Session<Data>): SignedInSession<Data> {
  if (session.isSignedIn()) return session;
  const challenge = session.hasCredential ? 'Bearer error="invalid_token"' : "Bearer";
  throw new RequestError(401, "Not authenticated", { "www-authenticate": challenge });
}
