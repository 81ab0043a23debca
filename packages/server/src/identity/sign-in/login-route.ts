// `POST /login` with a name and a password.

import type { FastifyInstance } from "fastify";
import { answerRefused, type Refusal } from "./answers.ts";
import { LOGIN } from "./schemas.ts";
import { beginSession, type RouteParts, trySignIn } from "./try-sign-in.ts";

interface LoginRoute {
  Body: { readonly username: string; readonly password: string };
}

const WRONG: Refusal = { code: 401, detail: "Incorrect username or password" };

export function loginRoute(app: FastifyInstance, parts: RouteParts): void {
  app.post<LoginRoute>("/login", { schema: LOGIN }, async (request, reply) => {
    const { username, password } = request.body;
    const checked = await trySignIn(parts, request, { username, password });
    if (checked.status !== "accepted") return answerRefused(checked, reply, WRONG);
    return beginSession(parts, checked.user, request, reply, WRONG);
  });
}
