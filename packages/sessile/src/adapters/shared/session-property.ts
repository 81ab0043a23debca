// The property `session`, which cannot be replaced: the session would go on, unseen by the program.

import { refusedWrite, SessionError } from "../../core/errors.ts";
import type { Session } from "../../core/session.ts";

const SESSION: unique symbol = Symbol("sessile.session");

/** The object that frameworks pass to a handler, such as a request. */
interface Holder {
  [SESSION]?: unknown;
}

/** One for all requests, so that a request creates no function. */
export const PROPERTY: Required<Pick<PropertyDescriptor, "configurable" | "enumerable" | "get" | "set">> &
  ThisType<Holder> = {
  configurable: true,
  enumerable: true,
  get() {
    return this[SESSION];
  },
  set() {
    throw refusedWrite("The session of a request");
  },
};

/** Throws if other middleware has put a session there, because it would go on writing its own. */
export function setSession<Data extends object>(holder: object, session: Session<Data>): void {
  if (!(SESSION in holder) && (holder as { session?: unknown }).session != null)
    throw new SessionError(
      "ERR_SESSION_OPTION",
      "Other middleware has set `session` before Sessile. Remove it, or move it below.",
    );
  keepSession(holder, session);
  Object.defineProperty(holder, "session", PROPERTY);
}

/** The same for holders whose prototype has the property, which costs a request nothing. */
export function keepSession<Data extends object>(holder: object, session: Session<Data>): void {
  (holder as Holder)[SESSION] = session;
}
