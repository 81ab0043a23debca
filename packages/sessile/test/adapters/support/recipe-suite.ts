// The adapter suite for recipes: where a framework itself answers what its routes throw, the checks of those answers do
// not apply. Everything else does.

import { describe, test } from "node:test";
import { adapterChecks, type StartServer } from "sessile/testing";

const ANSWERS_TO_WHAT_IS_THROWN = [
  "`session.require()` refuses as the guard does, logs nothing, and returns the session of a signed-in user",
  "a route that wants a fresh sign-in throws a 403, and a 401 for an anonymous request",
  "D8: a sign-in beyond the user's limit is a 409",
  "I7: a cross-site sign-in is a 403 where the token would become a cookie",
  "P1: a store that is down is a 503 with Retry-After, never a 401, and the cookie stays",
  "F1: a sign-out that the store did not confirm is a 503 that keeps the cookie, until a later try is confirmed",
];

/** Hosts that answer 500 by themselves for a body that fails before its first byte, when the session is stored. */
export const ANSWERS_FOR_BODIES = [
  "a body that fails before its first byte keeps nothing when the client is answered 500",
];

export function recipeSuite(name: string, start: StartServer): void {
  suiteWithout(ANSWERS_TO_WHAT_IS_THROWN, `the recipe for ${name}`, start);
}

/** The adapter suite without the checks of these names. */
export function suiteWithout(left: readonly string[], name: string, start: StartServer): void {
  describe(name, () => {
    for (const check of adapterChecks.filter((each) => !left.includes(each.name)))
      test(check.name, () => check.run(start));
  });
}
