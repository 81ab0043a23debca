// What a route refuses, as an error: with the status, the words and the headers that the client gets.

import type { AnySession } from "./direct-session.ts";

/** One thing that is wrong with a request, as FastAPI says it. Without the input, which may be a password. */
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
}

/** The session, where somebody is signed in. Throws the 401 that tells a client whether its token is worth keeping (RFC 6750 §3.1). */
export function signedIn(session: AnySession): AnySession & { readonly sid: string; readonly userId: string } {
  if (session.isSignedIn()) return session;
  const challenge = session.hasCredential ? 'Bearer error="invalid_token"' : "Bearer";
  throw new RequestError(401, "Not authenticated", { "www-authenticate": challenge });
}
