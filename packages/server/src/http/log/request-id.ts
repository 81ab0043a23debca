// The ids of requests in the log, by which their lines can be found.

import { randomBytes } from "node:crypto";

/** Drawn anew by every process: several may write into one log, and a new process counts from 1 again. */
const PROCESS = randomBytes(6).toString("base64url");

let count = 0;

/** An id that no other request has, in this process or another. */
export function nextRequestId(): string {
  count++;
  return `${PROCESS}-${count}`;
}
