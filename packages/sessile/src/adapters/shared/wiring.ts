// Checks of how a program puts its manager, `sessions` and `requireSession` together.

import { SessionError } from "../../core/errors.ts";
import type { SessionManager } from "../../core/manager.ts";
import { checkNames, hasMethods } from "../../core/options.ts";
import type { GuardOptions } from "./answer.ts";

const GUARD: ReadonlySet<string> = new Set<keyof GuardOptions>(["detail"]);
const ON_ERROR: ReadonlySet<string> = new Set(["onError"]);

/**
 * Throws when `manager` is none, such as its options. `call` is the right call, for the message; `given` is what the
 * program passed.
 */
export function checkManager(manager: unknown, call: string, given: unknown = manager): void {
  if (hasMethods(manager as SessionManager, ["open"])) return;
  const example = call.replace(
    /(\{ )?manager/,
    (_, brace = "") => `${brace && "{ manager: "}new SessionManager({ … })`,
  );
  const message = `\`${call}\` takes a SessionManager, as in \`${example}\`; it got ${kindOf(given)}.`;
  throw new SessionError("ERR_SESSION_OPTION", message);
}

/** The checked options of a guard. */
export function guardOptions(options: GuardOptions): GuardOptions {
  checkNames(options, GUARD);
  return options;
}

/** Throws for other options than `onError`. */
export function checkOnError(options: object): void {
  checkNames(options, ON_ERROR);
}

/** The session of a guard's request. Throws when no `sessions` has put one there. */
export function guarded<S extends { isSignedIn(): boolean }>(session: S): S {
  if (typeof (session as S | undefined)?.isSignedIn === "function") return session;
  throw new SessionError(
    "ERR_SESSION_OPTION",
    "`requireSession` found no session. Put `sessions` with the manager in front of it.",
  );
}

function kindOf(value: unknown): string {
  if (value === null || typeof value !== "object") return value === null ? "null" : typeof value;
  const names = Object.keys(value).slice(0, 5);
  return names.length === 0
    ? "an object without options"
    : `an object with ${names.map((name) => `\`${name}\``).join(", ")}`;
}
