// Signing in from a page of this server: a name and a password, or the password again, for a cookie. The token is in no body.

import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { requireSession } from "sessile/fastify";
import { readJsonBodies } from "../../http/bodies.ts";
import type { User } from "../users/user-store.ts";
import { answerRefused, answerWrong, type Refusal } from "./answers.ts";
import type { Person } from "./person.ts";
import type { TextsSchema } from "./text-body.ts";
import { checkTextBodies } from "./text-body.ts";
import { orUnavailable, type RouteParts, trySignIn } from "./try-sign-in.ts";

/** After a sign-in so long nobody is asked for the password again (ASVS 7.5.1). */
export const FRESH_TIME = 5 * 60_000;

export interface CookieSignIn extends RouteParts {
  /** False for a user who may sign in, but not here. */
  readonly suits: (user: User) => boolean;
  /** Hears what came of it. May throw: then nobody is signed in. */
  readonly heard: (name: string, action: "signIn" | "confirm", outcome: "done" | "refused") => void;
}

const TEXT = { type: "string", description: "" } as const;
const SIGN_IN: TextsSchema = {
  type: "object",
  required: ["username", "password"],
  properties: { username: TEXT, password: TEXT },
};
const CONFIRM: TextsSchema = { type: "object", required: ["password"], properties: { password: TEXT } };

const WRONG: Refusal = { code: 401, detail: "Incorrect username or password" };
const WRONG_PASSWORD: Refusal = { code: 403, detail: "Incorrect password" };

interface SignInRoute {
  Body: { readonly username: string; readonly password: string };
}
interface ConfirmRoute {
  Body: { readonly password: string };
}

/** `POST /sign-in` and `POST /confirm`. */
export async function cookieSignInRoutes(app: FastifyInstance, parts: CookieSignIn): Promise<void> {
  await app.register(async (scope) => {
    readJsonBodies(scope);
    checkTextBodies(scope);
    scope.post<SignInRoute>("/sign-in", { schema: { body: SIGN_IN } }, async (request, reply) => {
      checkChannel(request as FastifyRequest);
      return begin(parts, request.body, request as FastifyRequest, reply, { action: "signIn", refusal: WRONG });
    });
    scope.post<ConfirmRoute>(
      "/confirm",
      { schema: { body: CONFIRM } },
      requireSession<ConfirmRoute>(async (request, reply) => {
        const credentials = { username: String(request.session.get("username")), password: request.body.password };
        const how = { action: "confirm", refusal: WRONG_PASSWORD } as const;
        return begin(parts, credentials, request as FastifyRequest, reply, how);
      }),
    );
  });
}

/** `GET /who`, which a page asks first: who is signed in, or `null`. A 401 would be an error in the browser's console. */
export function whoRoute(app: FastifyInstance, isIn: (request: FastifyRequest) => boolean | Promise<boolean>): void {
  app.get("/who", async (request) => ({ person: (await isIn(request)) ? personOf(request) : null }));
}

export function personOf({ session }: FastifyRequest): Person {
  const { authenticatedAt } = session;
  const freshUntil = (authenticatedAt ?? 0) + FRESH_TIME;
  return { name: String(session.get("username")), freshUntil, now: Date.now() };
}

interface How {
  readonly action: "signIn" | "confirm";
  readonly refusal: Refusal;
}

/** The user is looked at again when the session is there, as in `beginSession`. */
async function begin(
  parts: CookieSignIn,
  credentials: SignInRoute["Body"],
  request: FastifyRequest,
  reply: FastifyReply,
  { action, refusal }: How,
): Promise<object> {
  const checked = await trySignIn(parts, request, credentials);
  if (checked.status !== "accepted") return answerRefused(checked, reply, refusal);
  const { user } = checked;
  if (!parts.suits(user)) return refuse(parts, user, action, reply);
  parts.heard(user.name, action, "done");
  const { session, device } = request;
  await session.signIn(String(user.id), { data: { username: user.name }, ...(device !== null && { device }) });
  if (await orUnavailable(parts.security, () => parts.service.users.isCurrent(user))) return personOf(request);
  await session.signOut();
  return answerWrong(reply, refusal);
}

function refuse({ heard }: CookieSignIn, { name }: User, action: How["action"], reply: FastifyReply): FastifyReply {
  heard(name, action, "refused");
  return reply.code(403).header("cache-control", "no-store").send({ detail: "Not allowed" });
}

/** Browsers drop a `Secure` cookie that comes over plain HTTP, but from their own machine. Better to say so than to fail in silence. */
function checkChannel({ protocol, hostname, isHttps }: FastifyRequest): void {
  if (protocol === "https" || isHttps || LOOPBACK.test(hostname)) return;
  throw new InsecureChannel();
}

const LOOPBACK = /^(?:localhost|[^:]+\.localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/i;

class InsecureChannel extends Error {
  readonly statusCode = 403;

  constructor() {
    super("This page needs HTTPS, or http://localhost");
  }
}
