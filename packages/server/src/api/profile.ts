// `GET /profile` and `POST /logout`: who is signed in, and the end of it.

import type { FastifyInstance } from "fastify";
import type { SignedInSession } from "sessile";
import { requireSession } from "sessile/fastify";
import { LOGOUT, PROFILE } from "../http/schemas/account.ts";

export function profileRoutes(app: FastifyInstance): void {
  app.get(
    "/profile",
    { schema: PROFILE },
    requireSession(async ({ session }) => ({ username: session.get("username") ?? null, user_id: userIdOf(session) })),
  );
  app.post("/logout", { schema: LOGOUT }, async ({ session }) => {
    await session.signOut();
    return { message: "Logged out successfully" };
  });
}

/** The users of this server have numbers; those of an application with an API key have whatever it gave them. */
function userIdOf({ userId }: SignedInSession): number | string {
  const number = Number(userId);
  return Number.isSafeInteger(number) && String(number) === userId ? number : userId;
}
