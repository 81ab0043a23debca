// Makes it an error to write a property that could not be kept, from sloppy-mode code too. Knows no session.

import { SessionError } from "./errors.ts";

/**
 * Lets every accessor of `prototype` refuse to be set, and every property that its objects do not have. Methods stay writable, for spies.
 * Only the latter goes through a proxy, at the end of the prototype chain; what is looked up on any object does not get there.
 */
export function refuseWrites(prototype: object): void {
  // biome-ignore lint/suspicious/noThenProperty: `await` looks for it on whatever it is given, and finds that there is none
  Object.defineProperty(prototype, "then", { configurable: true, get: () => undefined });
  for (const [name, property] of Object.entries(Object.getOwnPropertyDescriptors(prototype)))
    if (property.get !== undefined) Object.defineProperty(prototype, name, { ...property, set: () => refuse(name) });
  Object.setPrototypeOf(prototype, new Proxy({}, { set: (_target, name) => refuse(name) }));
}

function refuse(name: PropertyKey): never {
  throw refusedWrite(`\`session.${String(name)}\``);
}

/** The error of a write that would be lost. */
export function refusedWrite(what: string): SessionError {
  const instead = "Keep data with `session.set(key, value)`, and end the session with `session.signOut()`.";
  return new SessionError("ERR_SESSION_STATE", `${what} cannot be written. ${instead}`);
}
