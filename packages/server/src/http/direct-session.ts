// The session of a request that the route itself opens and settles, for programs that act for a user: their tokens
// travel in bodies and headers of their own.

import type { IncomingMessage } from "node:http";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Json, Session, SessionManager } from "sessile";
import type { SessionRequest } from "sessile/adapter";

/** A session whose data may have any keys. */
export type AnySession = Session<Record<string, Json>>;

/** The handler's answer, and the new token if there is one. */
export interface Settled<T> {
  readonly answer: T;
  readonly token: string | null;
}

/**
 * Opens the session of `seen`, runs `work` with it, and commits its changes. When `work` throws, nothing is written,
 * but an ended session stays ended. Headers that belong in every answer go to `reply`; a new token is returned, and no
 * cookie is set.
 */
export async function withSession<T>(
  manager: SessionManager,
  seen: SessionRequest,
  reply: FastifyReply,
  work: (session: AnySession) => Promise<T>,
): Promise<Settled<T>> {
  const opened = await manager.open(seen);
  const response = {
    get: (name: string) => reply.getHeader(name)?.toString(),
    set: (name: string, value: string) => void (name === "cache-control" && reply.header(name, value)),
    append: (name: string, value: string) => void (name === "vary" && appendVary(reply, value)),
  };
  try {
    const answer = await work(opened.session as unknown as AnySession);
    const { newToken } = await opened.commit(200, response);
    return { answer, token: newToken };
  } catch (error) {
    await opened.commit(500, response);
    throw error;
  }
}

/** The request in the library's form. It has every line of a header, so that two credentials never look like one. */
export function seenRequest({ raw }: Pick<FastifyRequest, "raw">): SessionRequest {
  const { url = "/", method = "GET" } = raw;
  return {
    method,
    path: url.split("?", 1)[0] as string,
    header: (name) => {
      const lines = linesOf(raw, name);
      return lines.length === 0 ? undefined : lines.join(name === "cookie" ? "; " : ", ");
    },
  };
}

/**
 * Every line of a header as it was received; for many headers, Node's `headers` has only the first. `name` is in lower
 * case.
 */
export function linesOf({ rawHeaders }: Pick<IncomingMessage, "rawHeaders">, name: string): readonly string[] {
  return rawHeaders.filter((_, i) => i % 2 === 1 && rawHeaders[i - 1]?.toLowerCase() === name);
}

/** The same without cookies: a program with an API key sends tokens on purpose. */
export function seenWithoutCookies(request: Pick<FastifyRequest, "raw">): SessionRequest {
  const seen = seenRequest(request);
  return { ...seen, header: (name) => (name === "cookie" ? undefined : seen.header(name)) };
}

function appendVary(reply: FastifyReply, name: string): void {
  const present = reply.getHeader("vary");
  reply.header("vary", present === undefined ? name : `${String(present)}, ${name}`);
}
