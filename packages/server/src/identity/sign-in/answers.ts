// What a client hears when a sign-in does not happen, and what the log says. The same for every user, known or not.

import type { FastifyReply } from "fastify";
import type { SecurityLog } from "../../http/log/security-log.ts";
import type { Checked } from "./sign-in.ts";

/** When to come back while hashes queue up: about as long as the queue lasts. */
const OVERLOADED_SECONDS = 5;

/** How a route answers a wrong password. */
export interface Refusal {
  readonly code: 401 | 403;
  readonly detail: string;
}

/** What became of a try that was not accepted. */
export type NotAccepted = Exclude<Checked, { status: "accepted" }>;

export function answerRefused(checked: NotAccepted, reply: FastifyReply, refusal: Refusal): FastifyReply {
  if (checked.status === "overloaded") return answerOverloaded(reply);
  if (checked.status === "refused") return answerWrong(reply, refusal);
  reply.header("retry-after", Math.ceil(checked.retryAfter / 1000)).header("cache-control", "no-store");
  return reply.code(429).send({ detail: "Too many failed attempts" });
}

/** RFC 9110 §15.5.2 wants a challenge with every 401. */
export function answerWrong(reply: FastifyReply, { code, detail }: Refusal): FastifyReply {
  if (code === 401) reply.header("www-authenticate", "Bearer");
  return reply.code(code).header("cache-control", "no-store").send({ detail });
}

export function answerOverloaded(reply: FastifyReply): FastifyReply {
  reply.header("retry-after", OVERLOADED_SECONDS).header("cache-control", "no-store");
  return reply.code(503).send({ detail: "Service unavailable" });
}

/** The user by id only: people type passwords into the field for their name (ASVS 16.2.5). */
export function logRefused(checked: NotAccepted, security: SecurityLog): void {
  const actor = "unknown";
  if (checked.status === "overloaded") security.write("signInOverloaded", { actor });
  else {
    const userId = checked.userId === null ? null : String(checked.userId);
    if (checked.status === "limited") security.write("signInLimited", { actor, userId });
    else security.write("signInFailed", { actor, userId, reason: checked.why });
  }
}
