// What the routes of signing in have in common: a try with everything that is logged of it, and the session that follows.

import type { FastifyRequest } from "fastify";
import type { SessionData, SignInOptions } from "sessile";
import { describeError } from "../../http/log/describe-error.ts";
import type { SecurityLog } from "../../http/log/security-log.ts";
import type { RequestError } from "../../http/request-error.ts";
import type { User } from "../users/user-store.ts";
import { logRefused, refusalOf } from "./answers.ts";
import type { SignInService } from "./service.ts";
import type { Credentials } from "./sign-in.ts";

/** What every route of signing in is given. */
export interface RouteParts {
  readonly service: SignInService;
  readonly security: SecurityLog;
}

/** The user whose password this is. Logs and throws a refusal: `wrong`, where it is not. */
export async function trySignIn(
  { service, security }: RouteParts,
  { clientAddress }: Pick<FastifyRequest, "clientAddress">,
  credentials: Omit<Credentials, "address">,
  wrong: RequestError,
): Promise<User> {
  const checked = await orUnavailable(security, () => service.signIn.check({ ...credentials, address: clientAddress }));
  if (checked.status === "accepted") return checked.user;
  logRefused(checked, security);
  throw refusalOf(checked, wrong);
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

/** What a sign-in asks for with `keep_signed_in`. */
export type Keep = boolean | undefined;

/**
 * The data of a new session and its lifetimes: the longest, or until the browser is closed. The data holds the choice, so that
 * a session which replaces this one, with a new password, is of the same kind.
 */
export function arrivalOf({ keepFor }: SignInService, { name }: User, keep: Keep): SignInOptions<SessionData> {
  const data = { username: name };
  if (keepFor === null || keep === undefined) return { data };
  const lifetimes = keep ? { absoluteTimeout: keepFor, idleTimeout: keepFor } : { persistent: false };
  return { data: { ...data, keepSignedIn: keep }, ...lifetimes };
}

/**
 * Makes the session, and then checks that the user may still have one: an administrator may have disabled the user while the hash
 * was computed, and ended all the sessions that there were then. Throws `wrong` if so. Its token.
 */
export async function beginSession(
  { service, security }: RouteParts,
  user: User,
  { session, device }: Pick<FastifyRequest, "session" | "device">,
  { wrong, keep }: { readonly wrong: RequestError; readonly keep?: Keep },
): Promise<string> {
  const arrival = { ...arrivalOf(service, user, keep), ...(device !== null && { device }) };
  const token = await session.signIn(String(user.id), arrival);
  if (await orUnavailable(security, () => service.users.isCurrent(user))) return token;
  await session.signOut();
  throw wrong;
}
