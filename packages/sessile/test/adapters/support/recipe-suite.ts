// The adapter suite for recipes: where a framework itself answers what its routes throw, the checks of those answers do not
// apply. Everything else does.

import { describe, test } from "node:test";
import { adapterChecks, type StartServer } from "sessile/testing";

const ANSWERS_TO_WHAT_IS_THROWN = [
  "what is thrown at a route that wants a fresh sign-in is a 403, and nobody's is a 401",
  "D8: a sign-in beyond the user's limit is a 409",
  "I7: a cross-site sign-in is a 403 where the token would become a cookie",
  "P1: a store that is down is a 503 with Retry-After, never a 401, and the cookie stays",
  "F1: a sign-out that the store did not confirm is a 503 that keeps the cookie, until a later try is confirmed",
];

export function recipeSuite(name: string, start: StartServer): void {
  describe(`the recipe for ${name}`, () => {
    for (const check of adapterChecks.filter((each) => !ANSWERS_TO_WHAT_IS_THROWN.includes(each.name))) {
      test(check.name, () => check.run(start));
    }
  });
}
