// Who is an administrator: a user with that right, signed in on the admin page. Knows no page.

import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Session } from "sessile";
import { actAs } from "../http/log/request-context.ts";
import type { SecurityLog } from "../http/log/security-log.ts";
import type { SignInService } from "../identity/sign-in/service.ts";
import { orUnavailable } from "../identity/sign-in/try-sign-in.ts";
import type { User } from "../identity/users/user-store.ts";
import type { Audit } from "./audit.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** The name of the administrator who asks; empty where none was demanded. */
    operator: string;
  }
}

export interface GuardParts {
  readonly service: SignInService;
  readonly security: SecurityLog;
  readonly audit: Audit;
}

export function isAdministrator({ isAdmin, isDisabled }: User): boolean {
  return isAdmin && !isDisabled;
}

/**
 * Every route of `app` is for administrators only. The right, the password and the user are looked at with every request: whoever
 * loses one of them is out at once, and the session ends.
 */
export function requireOperator(app: FastifyInstance, parts: GuardParts): void {
  app.addHook("preValidation", async (request, reply) => {
    const { session } = request;
    if (!session.isSignedIn()) return reply.code(401).header("www-authenticate", "Cookie").send(NOBODY);
    const operator = await orUnavailable(parts.security, () => operatorOf(parts.service, session));
    if (operator === null) return turnOut(parts, request, reply);
    request.operator = operator;
    actAs(`admin:${operator}`);
    return undefined;
  });
}

/** The name of the administrator whose session it is; `null` for who is none, or none any more. Throws what the file of users throws. */
export function operatorOf({ users }: SignInService, { userId, authenticatedAt }: Session): string | null {
  const user = users.byId(Number(userId));
  return user !== null && isAdministrator(user) && (authenticatedAt ?? 0) > user.passwordChangedAt ? user.name : null;
}

const NOBODY = { detail: "Not authenticated" };

async function turnOut({ audit }: GuardParts, { session }: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  audit.note({ actor: String(session.get("username")), action: "signOut" }, "refused");
  await session.signOut();
  return reply.code(403).header("cache-control", "no-store").send({ detail: "Not allowed" });
}
