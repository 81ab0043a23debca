// Refuses data that `/verify` could not return to a proxy, since each request of that session would fail.

import type { JsonObject } from "sessile";
import { headerText, headerValue, LONGEST_HEADER } from "../http/header-text.ts";
import { RequestError } from "../http/request-error.ts";
import type { VerifyHeaders } from "./verify.ts";

/** Throws 422 for a value that is too long for a header; `part` is the place of the data in the body. */
export function checkTold(headers: VerifyHeaders, data: JsonObject, part: "data" | "set"): void {
  const msg = `Input must take at most ${LONGEST_HEADER} bytes in a header`;
  const problems = headers
    .filter(([key]) => Object.hasOwn(data, key) && headerText(headerValue(data[key])) === null)
    .map(([key]) => ({ type: "value_error", loc: ["body", part, key], msg }));
  if (problems.length > 0) throw new RequestError(422, problems);
}
