// `GET /profile` and `POST /logout`: the signed-in user, and the end of the session.

import type { FastifyInstance } from "fastify";
import { CHANGING_ANSWERS, NOBODY, TOKEN_ANSWERS } from "../http/answers.ts";
import { signedIn } from "../http/request-error.ts";
import { answer, TEXT_OR_NULL } from "../http/schema.ts";

const COMMON = { tags: ["account"], security: [{ sessionToken: [] }, { bearer: [] }] };

const PROFILE = {
  ...COMMON,
  operationId: "readProfile",
  summary: "Read the signed-in user",
  response: {
    200: answer("the user; the id is a number for a user in the server's own file", {
      username: TEXT_OR_NULL,
      user_id: { type: ["integer", "string"] },
    }),
    ...TOKEN_ANSWERS,
    401: NOBODY,
  },
};

const LOGOUT = {
  ...COMMON,
  operationId: "signOut",
  summary: "Sign out",
  description: "Succeeds as often as it is called, also with an invalid token.",
  response: {
    200: answer("the token is not signed in", { message: { type: "string" } }),
    ...CHANGING_ANSWERS,
  },
};

export function profileRoutes(app: FastifyInstance): void {
  app.get("/profile", { schema: PROFILE }, async ({ session }) => {
    const { userId } = signedIn(session);
    return { username: session.get("username") ?? null, user_id: shown(userId) };
  });
  app.post("/logout", { schema: LOGOUT }, async ({ session }) => {
    await session.signOut();
    return { message: "Logged out successfully" };
  });
}

/** This server's own users have numbers as ids; the ids of an application with an API key may be any text. */
function shown(userId: string): number | string {
  const number = Number(userId);
  return Number.isSafeInteger(number) && String(number) === userId ? number : userId;
}
