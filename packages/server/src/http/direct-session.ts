// The session of a request, opened and settled by the route itself: for programs that speak for somebody, where a token comes and goes
// elsewhere than with a browser. Knows no route.

import type { IncomingMessage } from "node:http";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Json, Session, SessionManager } from "sessile";
import type { SessionRequest } from "sessile/adapter";

/** A session whose data has whatever keys an application gives it. */
export type AnySession = Session<Record<string, Json>>;

/** What came of a request: the handler's answer, and the new token when there is one. */
export interface Settled<T> {
  readonly answer: T;
  readonly token: string | null;
}

/**
 * Opens the session of `seen`, lets `work` have it, and writes what it changed. When `work` throws nothing is written, but what
 * ended stays ended. Headers of the session that belong in every answer go to `reply`; a new token is given back, and no cookie is set.
 */
export async function withSession<T>(
  manager: SessionManager,
  seen: SessionRequest,
  reply: FastifyReply,
  work: (session: AnySession) => Promise<T>,
): Promise<Settled<T>> {
  const opened = await manager.open(seen);
  let token: string | null = null;
  const response = {
    get: (name: string) => reply.getHeader(name)?.toString(),
    set: (name: string, value: string) => {
      if (name.toLowerCase() === "x-session-token") token = value;
      else if (name === "cache-control") reply.header(name, value);
    },
    append: (name: string, value: string) => void (name === "vary" && appendVary(reply, value)),
  };
  try {
    const answer = await work(opened.session as unknown as AnySession);
    await opened.commit(200, response);
    return { answer, token };
  } catch (error) {
    await opened.commit(500, response);
    throw error;
  }
}

/** The request as the library reads it. All lines of a header count, so that two credentials never look like one. */
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

/** Every line of a header as it came; of many headers Node's `headers` hold the first line alone. `name` is in lower case. */
export function linesOf({ rawHeaders }: Pick<IncomingMessage, "rawHeaders">, name: string): readonly string[] {
  return rawHeaders.filter((_, i) => i % 2 === 1 && rawHeaders[i - 1]?.toLowerCase() === name);
}

/** The same without cookies: a program that has an API key hands tokens over on purpose. */
export function seenWithoutCookies(request: Pick<FastifyRequest, "raw">): SessionRequest {
  const seen = seenRequest(request);
  return { ...seen, header: (name) => (name === "cookie" ? undefined : seen.header(name)) };
}

function appendVary(reply: FastifyReply, name: string): void {
  const present = reply.getHeader("vary");
  reply.header("vary", present === undefined ? name : `${String(present)}, ${name}`);
}
