// `POST /login` with a name and a password.

import type { FastifyInstance } from "fastify";
import { CROSS_SITE, challenged } from "../../http/answers.ts";
import { object, type SchemaTypes } from "../../http/schema.ts";
import { SIGN_IN_ANSWERS, unauthorized } from "./answers.ts";
import { beginSession, type RouteParts, trySignIn } from "./try-sign-in.ts";

const SCHEMA = {
  operationId: "signIn",
  summary: "Sign in with a password",
  tags: ["account"],
  security: [],
  body: object(
    {
      username: { type: "string", description: "the user's name, in any case" },
      password: { type: "string", description: "at most 4,096 bytes of UTF-8" },
    },
    {
      keep_signed_in: {
        type: "boolean",
        description:
          "with --longest-session: true for a session of that length, false for one that ends with the browser; " +
          "else ignored",
      },
    },
  ),
  response: {
    ...SIGN_IN_ANSWERS,
    401: challenged("the name or the password is wrong, or the user is disabled"),
    403: CROSS_SITE,
  },
};

export function loginRoute(app: FastifyInstance, parts: RouteParts): void {
  app.withTypeProvider<SchemaTypes>().post("/login", { schema: SCHEMA }, async (request) => {
    const wrong = unauthorized("Incorrect username or password");
    const { keep_signed_in: keep, ...credentials } = request.body;
    const user = await trySignIn(parts, request, credentials, wrong);
    const token = await beginSession(parts, user, request, { wrong, keep });
    return { session_token: app.tokenInBody ? token : null };
  });
}
