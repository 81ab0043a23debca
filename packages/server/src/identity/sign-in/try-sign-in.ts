// What the routes of signing in have in common: a try with everything that is logged of it, and the session that follows.

import type { FastifyReply, FastifyRequest } from "fastify";
import { describeError } from "../../http/log/describe-error.ts";
import type { SecurityLog } from "../../http/log/security-log.ts";
import type { User } from "../users/user-store.ts";
import { answerWrong, logRefused, type Refusal } from "./answers.ts";
import type { SignInService } from "./service.ts";
import type { Checked, Credentials } from "./sign-in.ts";

/** What every route of signing in is given. */
export interface RouteParts {
  readonly service: SignInService;
  readonly security: SecurityLog;
}

/** Checks a password for the client of `request`, and logs when it is refused. */
export async function trySignIn(
  { service, security }: RouteParts,
  { clientAddress }: FastifyRequest,
  credentials: Omit<Credentials, "address">,
): Promise<Checked> {
  const checked = await orUnavailable(security, () => service.signIn.check({ ...credentials, address: clientAddress }));
  if (checked.status !== "accepted") logRefused(checked, security);
  return checked;
}

/** Answered 503: where the file of users fails nobody signs in, and the sessions that there are go on. */
class SignInUnavailable extends Error {
  override readonly name = "SignInUnavailable";
  readonly statusCode = 503;
}

/** Runs what needs the file of users. */
export async function orUnavailable<T>(security: SecurityLog, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    security.write("storeFailed", { actor: "server", operation: "read the users", reason: describeError(error) });
    throw new SignInUnavailable("The users cannot be read.", { cause: error });
  }
}

/**
 * Makes the session, and then looks whether the user may still have one: somebody could have disabled the user while the hash
 * was computed, and ended all the sessions that there were then.
 */
export async function beginSession(
  { service, security }: RouteParts,
  user: User,
  { session, device, server }: FastifyRequest,
  reply: FastifyReply,
  refusal: Refusal,
): Promise<object> {
  const arrival = { data: { username: user.name }, ...(device !== null && { device }) };
  const token = await session.signIn(String(user.id), arrival);
  if (await orUnavailable(security, () => service.users.isCurrent(user))) {
    return { session_token: server.tokenInBody ? token : null };
  }
  await session.signOut();
  return answerWrong(reply, refusal);
}
