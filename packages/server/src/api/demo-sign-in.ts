// `POST /login` of the demo: whoever asks is signed in as one user, without a question.

import type { FastifyInstance } from "fastify";
import { DEMO_LOGIN } from "../http/schemas/account.ts";
import { DEMO_USER_ID } from "../identity/sign-in/end-demo.ts";

/** The one user of the demo sign-in. */
const USERNAME = "john_doe";

export function demoSignInRoutes(app: FastifyInstance): void {
  app.post("/login", { schema: DEMO_LOGIN }, async ({ session, device }) => {
    const data = { username: USERNAME, demo: true } as const;
    const token = await session.signIn(DEMO_USER_ID, { data, ...(device !== null && { device }) });
    return { session_token: app.tokenInBody ? token : null };
  });
}
