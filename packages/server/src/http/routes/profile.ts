// `GET /profile` and `POST /logout`: who is signed in, and the end of it.

import type { FastifyInstance } from "fastify";
import { requireSession } from "sessile/fastify";

export function profileRoutes(app: FastifyInstance): void {
  app.get(
    "/profile",
    requireSession(async ({ session }) => ({ username: session.get("username"), user_id: Number(session.userId) })),
  );
  app.post("/logout", async ({ session }) => {
    await session.signOut();
    return { message: "Logged out successfully" };
  });
}
