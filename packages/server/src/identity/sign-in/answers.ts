// Refused sign-ins: the answer and the line of the log. Both are the same for every user, known or not.

import { BODY_ANSWERS, detail, postponed, TOKEN } from "../../http/answers.ts";
import type { SecurityLog } from "../../http/log/security-log.ts";
import { RequestError } from "../../http/request-error.ts";
import type { Checked } from "./sign-in.ts";

/** The `Retry-After` while hashes queue up: about the length of the queue. */
const OVERLOADED_SECONDS = 5;

/** The result of an attempt that was not accepted. */
export type NotAccepted = Exclude<Checked, { status: "accepted" }>;

/** The answer to an attempt; `wrong` is the route's answer to a wrong password. */
export function refusalOf(checked: NotAccepted, wrong: RequestError): RequestError {
  if (checked.status === "overloaded") return overloaded();
  if (checked.status === "refused") return wrong;
  const headers = { "retry-after": String(Math.ceil(checked.retryAfter / 1000)) };
  return new RequestError(429, "Too many failed attempts", headers);
}

/** RFC 9110 §15.5.2 wants a challenge with every 401. */
export function unauthorized(detail: string): RequestError {
  return new RequestError(401, detail, { "www-authenticate": "Bearer" });
}

export function overloaded(): RequestError {
  return new RequestError(503, "Service unavailable", { "retry-after": String(OVERLOADED_SECONDS) });
}

/** Logs the user by id only: people type passwords into the field for their name (ASVS 16.2.5). */
export function logRefused(checked: NotAccepted, security: SecurityLog): void {
  const actor = "unknown";
  if (checked.status === "overloaded") security.write("signInOverloaded", { actor });
  else {
    const userId = checked.userId === null ? null : String(checked.userId);
    if (checked.status === "limited") security.write("signInLimited", { actor, userId });
    else security.write("signInFailed", { actor, userId, reason: checked.why });
  }
}

/** The answers of every sign-in route, for the API's document. */
export const SIGN_IN_ANSWERS = {
  ...BODY_ANSWERS,
  200: TOKEN,
  409: detail("the user's sessions were revoked, or the user was changed, at the same moment"),
  429: postponed("too many failed sign-ins to this account or from this network"),
  503: postponed("too many concurrent sign-ins, or the store cannot answer"),
};
