// Sign-in from a page of this server: a name and a password, or the password again, for a cookie. No body has the
// token.

import type { FastifyInstance, FastifyRequest } from "fastify";
import { readJsonBodies } from "../../http/bodies.ts";
import { RequestError, signedIn } from "../../http/request-error.ts";
import { object, type SchemaTypes } from "../../http/schema.ts";
import type { User } from "../users/user-store.ts";
import { unauthorized } from "./answers.ts";
import type { Person, Who } from "./person.ts";
import { beginSession, elevateSession, type RouteParts, trySignIn } from "./try-sign-in.ts";

/** The time after a sign-in in which no action asks for the password again (ASVS 7.5.1). */
export const FRESH_TIME = 5 * 60_000;

export interface CookieSignIn extends RouteParts {
  /** False for users who may sign in, but not here. */
  readonly suits: (user: User) => boolean;
  /** Called with the outcome. If it throws, the user is not signed in. */
  readonly heard: (name: string, action: "signIn" | "confirm", outcome: "done" | "refused") => void;
  /** Whether users may ask to stay signed in here. */
  readonly keeps: boolean;
}

const TEXT = { type: "string" } as const;
const SIGN_IN = object({ username: TEXT, password: TEXT }, { keep_signed_in: { type: "boolean" } });
const CONFIRM = object({ password: TEXT });

/** `POST /sign-in` and `POST /confirm`. */
export async function cookieSignInRoutes(app: FastifyInstance, parts: CookieSignIn): Promise<void> {
  await app.register(async (scope) => {
    readJsonBodies(scope);
    const routes = scope.withTypeProvider<SchemaTypes>();
    routes.post("/sign-in", { schema: { body: SIGN_IN } }, async (request) => {
      checkChannel(request);
      const wrong = unauthorized("Incorrect username or password");
      const { keep_signed_in: keep, ...credentials } = request.body;
      const user = await check(parts, credentials, request, { action: "signIn", wrong });
      await beginSession(parts, user, request, { wrong, keep: parts.keeps ? keep : undefined });
      return personOf(request);
    });
    routes.post("/confirm", { schema: { body: CONFIRM } }, async (request) => {
      const { body, session } = request;
      const credentials = { username: String(signedIn(session).get("username")), password: body.password };
      const wrong = new RequestError(403, "Incorrect password");
      const user = await check(parts, credentials, request, { action: "confirm", wrong });
      await elevateSession(parts, user, session, wrong);
      return personOf(request);
    });
  });
}

/**
 * `GET /who`: the signed-in user, or `null`, for a page that starts. A 401 would be an error in the browser's console.
 */
export function whoRoute(
  app: FastifyInstance,
  isIn: (request: FastifyRequest) => boolean | Promise<boolean>,
  keepFor: number | null = null,
): void {
  app.get("/who", async (request): Promise<Who> => {
    return { person: (await isIn(request)) ? personOf(request) : null, keepFor };
  });
}

export function personOf({ session }: Pick<FastifyRequest, "session">): Person {
  const { authenticatedAt } = session;
  const freshUntil = (authenticatedAt ?? 0) + FRESH_TIME;
  return { name: String(session.get("username")), freshUntil, now: Date.now() };
}

interface How {
  readonly action: "signIn" | "confirm";
  /** The answer to a wrong password. */
  readonly wrong: RequestError;
}

async function check(
  parts: CookieSignIn,
  credentials: { readonly username: string; readonly password: string },
  request: Pick<FastifyRequest, "clientAddress">,
  { action, wrong }: How,
): Promise<User> {
  const user = await trySignIn(parts, request, credentials, wrong);
  const isIn = parts.suits(user);
  parts.heard(user.name, action, isIn ? "done" : "refused");
  if (!isIn) throw new RequestError(403, "Not allowed");
  return user;
}

/**
 * Browsers drop a `Secure` cookie that arrives over plain HTTP, except from their own machine. An error is better than
 * a silent failure.
 */
function checkChannel({ headers, isHttps }: Pick<FastifyRequest, "headers" | "isHttps">): void {
  if (isHttps || LOOPBACK.test(headers.host ?? "")) return;
  throw new RequestError(403, "This page needs HTTPS, or http://localhost");
}

const LOOPBACK = /^(?:localhost|[^:]+\.localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/i;
