// `session` as a property that cannot be replaced: the session would go on, unseen by the program. Knows no framework.

import { refusedWrite, SessionError } from "../core/errors.ts";
import type { Session } from "../core/session.ts";

const SESSION: unique symbol = Symbol("sessile.session");

/** What frameworks hand to a handler, such as a request. */
interface Holder {
  [SESSION]?: unknown;
}

/** One for all requests, so that a request costs no function. */
const PROPERTY: PropertyDescriptor & ThisType<Holder> = {
  configurable: true,
  enumerable: true,
  get() {
    return this[SESSION];
  },
  set() {
    throw refusedWrite("The session of a request");
  },
};

/** Throws when other middleware has put a session there: it would go on to write and to answer as if it were alone. */
export function setSession<Data extends object>(holder: object, session: Session<Data>): void {
  if (!(SESSION in holder) && (holder as { session?: unknown }).session != null)
    throw new SessionError(
      "ERR_SESSION_OPTION",
      "Other middleware has set `session` before Sessile. Remove it, or move it below.",
    );
  (holder as Holder)[SESSION] = session;
  Object.defineProperty(holder, "session", PROPERTY);
}
