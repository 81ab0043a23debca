// A signed-in session for a test, without going through the application's login.

import type { SessionManager } from "../core/manager.ts";
import type { SignInOptions } from "../core/sign-in.ts";

/** A new session, and the headers that a request needs to be in it. */
export interface MintedSession {
  /** The token, as a client presents it. */
  readonly token: string;
  /** Names the session in calls of the manager. */
  readonly sid: string;
  /** Headers for `fetch`, supertest, `app.inject`, …: a cookie or a token header, for the manager's first transport. */
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Signs `userId` in at `manager`, as a route of the application would:
 *
 * ```ts
 * const { headers } = await mintSession(manager, "42", { data: { username: "john_doe" } });
 * const response = await fetch(`${url}/profile`, { headers });
 * ```
 */
export async function mintSession<Data extends object>(
  manager: SessionManager<Data>,
  userId: string,
  options: SignInOptions<Data> = {},
): Promise<MintedSession> {
  const { session, commit } = await manager.open({ method: "POST", path: "/", header: () => undefined });
  const token = await session.signIn(userId, options);
  const sid = session.sid as string;
  const headers: Record<string, string> = {};
  const issue = (name: string, value: string): void => {
    if (name === "set-cookie") headers["cookie"] = value.split(";", 1)[0] as string;
    else if (value === token) headers[name] = value;
  };
  await commit(200, { get: () => undefined, set: issue, append: issue });
  return { token, sid, headers };
}
