// `POST /login` of the demo: whoever asks is signed in as one user, without a question.

import type { FastifyInstance } from "fastify";

/** The one user of the demo sign-in. */
const DEMO_USER = { id: 1, username: "john_doe" } as const;

export function demoSignInRoutes(app: FastifyInstance): void {
  app.post("/login", async ({ session, device }) => {
    const data = { username: DEMO_USER.username };
    const token = await session.signIn(String(DEMO_USER.id), { data, ...(device !== null && { device }) });
    return { session_token: token };
  });
}
