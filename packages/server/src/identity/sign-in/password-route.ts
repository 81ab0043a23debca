// `POST /password`: a signed-in user sets a new password, which ends all sessions and begins a new one for this client.

import type { FastifyInstance } from "fastify";
import { challenged, detail } from "../../http/answers.ts";
import { actAs } from "../../http/log/request-context.ts";
import { RequestError, signedIn } from "../../http/request-error.ts";
import { object, type SchemaTypes } from "../../http/schema.ts";
import { newPasswordProblem } from "../users/password.ts";
import type { User } from "../users/user-store.ts";
import { overloaded, SIGN_IN_ANSWERS, unauthorized } from "./answers.ts";
import { beginSession, orUnavailable, type RouteParts, trySignIn } from "./try-sign-in.ts";

const SCHEMA = {
  operationId: "changePassword",
  summary: "Set a new password",
  description: "All sessions of the user end, and a new one begins for this client.",
  tags: ["account"],
  security: [{ sessionToken: [] }, { bearer: [] }],
  body: object({
    current_password: { type: "string", description: "the present password" },
    new_password: {
      type: "string",
      description: "15 characters or more, 4,096 bytes of UTF-8 at most, and not easy to guess",
    },
  }),
  response: {
    ...SIGN_IN_ANSWERS,
    401: challenged("not signed in"),
    403: detail("the current password is wrong, or the request comes from another site's page"),
  },
};

/**
 * Other processes with the same store leave the ending to this one for so long; after that they consider it crashed.
 */
const OTHERS_WAIT = 30_000;

export function passwordRoute(app: FastifyInstance, parts: RouteParts): void {
  const { service, security } = parts;
  app.withTypeProvider<SchemaTypes>().post("/password", { schema: SCHEMA }, async (request) => {
    const { current_password: password, new_password } = request.body;
    const session = signedIn(request.session);
    const { userId } = session;
    const keep = session.get("keepSignedIn");
    const known = await orUnavailable(security, () => service.users.byId(Number(userId)));
    if (known === null || known.isDisabled) throw unauthorized("Not authenticated");
    await checkNew(new_password, known);
    const wrong = new RequestError(403, "Incorrect password");
    const user = await trySignIn(parts, request, { username: known.name, password }, wrong);
    const hash = await service.signIn.hash(new_password);
    if (hash === null) throw overloaded();
    const changed = await change(parts, user, hash);
    const token = await beginSession(parts, changed, request, { wrong: unauthorized("Not authenticated"), keep });
    return { session_token: app.tokenInBody ? token : null };
  });
}

async function checkNew(password: string, { name }: User): Promise<void> {
  const problem = await newPasswordProblem(password, name);
  if (problem === null) return;
  throw new RequestError(422, [{ type: "value_error", loc: ["body", "new_password"], msg: `The password ${problem}` }]);
}

/**
 * The order:
 * 1. One transaction stores the new hash and a note that the sessions are to end.
 * 2. The sessions end.
 * 3. The note is removed.
 * 4. A new session begins.
 *
 * A crash after 1 leaves the note; the next process carries it out before it serves, running ones after a while. If the
 * sessions ended first, the old password could begin another in between.
 */
async function change(parts: RouteParts, user: User, hash: string): Promise<User> {
  const { users, ender, storeName, clock } = parts.service;
  const own = { store: storeName, dueAt: clock() + OTHERS_WAIT };
  const changed = await orUnavailable(parts.security, () => users.changePassword(user, hash, own));
  if (changed === null) throw new RequestError(409, "The user was changed at the same moment");
  actAs(`user:${user.id}`);
  parts.security.write("passwordChanged", { userId: String(user.id) });
  await ender.end(changed.ending);
  return changed.user;
}
