// What a request is called in the log, so that its lines can be found together. Knows no request.

import { randomBytes } from "node:crypto";

/** Drawn anew by every process: several may write into one log, and one that takes another's place counts from 1 again. */
const PROCESS = randomBytes(6).toString("base64url");

let count = 0;

/** A name that no other request has, in this process or another. */
export function nextRequestId(): string {
  count++;
  return `${PROCESS}-${count}`;
}
