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
  body: object({
    username: { type: "string", description: "the user's name, in any case" },
    password: { type: "string", description: "at most 4,096 bytes of UTF-8" },
  }),
  response: {
    ...SIGN_IN_ANSWERS,
    401: challenged("the name or the password is wrong, or the user is disabled"),
    403: CROSS_SITE,
  },
};

export function loginRoute(app: FastifyInstance, parts: RouteParts): void {
  app.withTypeProvider<SchemaTypes>().post("/login", { schema: SCHEMA }, async (request) => {
    const wrong = unauthorized("Incorrect username or password");
    const token = await beginSession(parts, await trySignIn(parts, request, request.body, wrong), request, wrong);
    return { session_token: app.tokenInBody ? token : null };
  });
}
