// The steps that all sign-in routes share: an attempt with its log, and the session that follows.

import type { FastifyRequest } from "fastify";
import type { SessionData, SignInOptions } from "sessile";
import { describeError } from "../../http/log/describe-error.ts";
import type { SecurityLog } from "../../http/log/security-log.ts";
import type { RequestError } from "../../http/request-error.ts";
import type { User } from "../users/user-store.ts";
import { logRefused, refusalOf } from "./answers.ts";
import type { SignInService } from "./service.ts";
import type { Credentials } from "./sign-in.ts";

/** The parts of every sign-in route. */
export interface RouteParts {
  readonly service: SignInService;
  readonly security: SecurityLog;
}

/** Resolves to the user whose password it is. Logs and throws a refusal: `wrong` for another password. */
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

/** Answered 503: without the file of users no user can sign in, and existing sessions continue. */
class SignInUnavailable extends Error {
  override readonly name = "SignInUnavailable";
  readonly statusCode = 503;
}

/** Runs work that needs the file of users. */
export async function orUnavailable<T>(security: SecurityLog, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    security.write("storeFailed", { actor: "server", operation: "read the users", reason: describeError(error) });
    throw new SignInUnavailable("The users cannot be read.", { cause: error });
  }
}

/** The `keep_signed_in` of a sign-in. */
export type Keep = boolean | undefined;

/**
 * The data and lifetimes of a new session: the longest, or until the browser is closed. The choice is part of the data,
 * so that the session after a new password is of the same kind.
 */
export function arrivalOf({ keepFor }: SignInService, { name }: User, keep: Keep): SignInOptions<SessionData> {
  const data = { username: name };
  if (keepFor === null || keep === undefined) return { data };
  const lifetimes = keep ? { absoluteTimeout: keepFor, idleTimeout: keepFor } : { persistent: false };
  return { data: { ...data, keepSignedIn: keep }, ...lifetimes };
}

/**
 * Begins the session, and then checks that the user may still have one: an administrator may have disabled the user
 * while the hash was computed, and ended the sessions of that time. In that case it throws `wrong`. Resolves to the
 * token.
 */
export async function beginSession(
  { service, security }: RouteParts,
  user: User,
  { session, device }: Pick<FastifyRequest, "session" | "device">,
  { wrong, keep }: { readonly wrong: RequestError; readonly keep?: Keep },
): Promise<string> {
  const arrival = { ...arrivalOf(service, user, keep), ...(device !== null && { device }) };
  const token = await session.signIn(String(user.id), arrival);
  await checkCurrent({ service, security }, user, session, wrong);
  return token;
}

/** Lets the session of a user go on, with a new token, after the password was given again. */
export async function elevateSession(
  parts: RouteParts,
  user: User,
  session: FastifyRequest["session"],
  wrong: RequestError,
): Promise<void> {
  await session.elevate({ for: String(user.id), method: "password" });
  await checkCurrent(parts, user, session, wrong);
}

async function checkCurrent(
  { service, security }: RouteParts,
  user: User,
  session: FastifyRequest["session"],
  wrong: RequestError,
): Promise<void> {
  if (await orUnavailable(security, () => service.users.isCurrent(user))) return;
  await session.signOut();
  throw wrong;
}
