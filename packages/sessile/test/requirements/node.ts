// One process of an application as a requirement sees it: a manager with its own clock and its own connection.

import {
  bearerTransport,
  cookieTransport,
  headerTransport,
  type Json,
  type Session,
  SessionManager,
  type SessionManagerOptions,
} from "sessile";
import type { SessionStore } from "sessile/store";
import { ResponseRecorder, requestWith } from "../support/requests.ts";

export type Bag = Record<string, Json>;
export type Node = SessionManager<Bag>;

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** How a token is presented, by the name of each transport. */
export const PRESENTED = {
  header: (token: string) => ({ "x-session-token": token }),
  bearer: (token: string) => ({ authorization: `Bearer ${token}` }),
  cookie: (token: string) => ({ cookie: `__Host-session=${token}` }),
} as const;

export type Transport = keyof typeof PRESENTED;
export const TRANSPORTS = Object.keys(PRESENTED) as Transport[];

/** A manager that takes tokens over every transport and hands them out in the header. */
export function nodeOn(store: SessionStore, clock: () => number, options: Partial<SessionManagerOptions> = {}): Node {
  const transports = [headerTransport(), bearerTransport(), cookieTransport()];
  return new SessionManager<Bag>({ transports, sweepInterval: 0, ...options, store, clock });
}

/** The user of the token; `null` for none. Nothing is committed, so nothing is touched. */
export async function userOf(node: Node, token: string, transport: Transport = "header"): Promise<string | null> {
  const { session } = await node.open(requestWith(PRESENTED[transport](token), { method: "GET" }));
  return session.userId;
}

/** One whole request. Gives back the token that the response hands out, if any. */
export async function visit(
  node: Node,
  token: string | null,
  handle: (session: Session<Bag>) => unknown = (session) => session.userId,
): Promise<string | undefined> {
  const { session, commit } = await node.open(requestWith(token === null ? {} : PRESENTED.header(token)));
  const response = new ResponseRecorder();
  try {
    await handle(session);
  } catch (error) {
    await commit(500, response);
    throw error;
  }
  await commit(200, response);
  return response.get("x-session-token");
}

export async function signIn(node: Node, userId = "ann", data: Bag = {}): Promise<string> {
  return (await visit(node, null, (session) => session.signIn(userId, { data }))) as string;
}
