// The check for administrators: users with that right, signed in on the admin page.

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
    /** The name of the administrator who sent the request; empty on routes that demand none. */
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
 * Restricts every route of `app` to administrators. Each request checks the right, the password and the user anew, so
 * that a loss of one of them takes effect at once and ends the session.
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

/**
 * The name of the administrator whose session it is; `null` for users who are none, or no longer. Throws what the file
 * of users throws.
 */
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
