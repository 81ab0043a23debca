// `POST /login` of the demo: signs every client in as the same user, without a password.

import type { FastifyInstance } from "fastify";
import { CHANGING_ANSWERS, TOKEN } from "../http/answers.ts";
import { DEMO_USER_ID } from "../identity/sign-in/end-demo.ts";

/** The only user of the demo. */
const USERNAME = "john_doe";

const SCHEMA = {
  operationId: "signIn",
  summary: "Sign in as the demo's user",
  description: "The demo, which serves until there is a file of users, needs no input and ignores any body.",
  tags: ["account"],
  security: [],
  response: { 200: TOKEN, ...CHANGING_ANSWERS },
};

export function demoSignInRoutes(app: FastifyInstance): void {
  app.post("/login", { schema: SCHEMA }, async ({ session, device }) => {
    const data = { username: USERNAME, demo: true } as const;
    const token = await session.signIn(DEMO_USER_ID, { data, ...(device !== null && { device }) });
    return { session_token: app.tokenInBody ? token : null };
  });
}
