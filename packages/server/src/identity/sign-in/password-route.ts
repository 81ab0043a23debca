// `POST /password`: a signed-in user sets a new password. All sessions end but a new one for this client.

import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { requireSession } from "sessile/fastify";
import { actAs } from "../../http/log/request-context.ts";
import { newPasswordProblem } from "../users/password.ts";
import type { User } from "../users/user-store.ts";
import { answerOverloaded, answerRefused, answerWrong, type Refusal } from "./answers.ts";
import { PASSWORD } from "./schemas.ts";
import { InvalidBody } from "./text-body.ts";
import { beginSession, orUnavailable, type RouteParts, trySignIn } from "./try-sign-in.ts";

interface PasswordRoute {
  Body: { readonly current_password: string; readonly new_password: string };
}

const WRONG: Refusal = { code: 403, detail: "Incorrect password" };
const NOBODY: Refusal = { code: 401, detail: "Not authenticated" };

/** So long other processes with the same store leave the ending to the one that changes the password; then they take it for crashed. */
const OTHERS_WAIT = 30_000;

export function passwordRoute(app: FastifyInstance, parts: RouteParts): void {
  const { service, security } = parts;
  app.post<PasswordRoute>(
    "/password",
    { schema: PASSWORD },
    requireSession<PasswordRoute>(async (request, reply) => {
      const { current_password: password, new_password } = request.body;
      const user = await orUnavailable(security, () => service.users.byId(Number(request.session.userId)));
      if (user === null || user.isDisabled) return answerWrong(reply, NOBODY);
      await checkNew(new_password, user);
      const plain = request as FastifyRequest;
      const checked = await trySignIn(parts, plain, { username: user.name, password });
      if (checked.status !== "accepted") return answerRefused(checked, reply, WRONG);
      const hash = await service.signIn.hash(new_password);
      return hash === null ? answerOverloaded(reply) : change(parts, checked.user, hash, plain, reply);
    }),
  );
}

async function checkNew(password: string, { name }: User): Promise<void> {
  const problem = await newPasswordProblem(password, name);
  if (problem === null) return;
  throw new InvalidBody({ type: "value_error", loc: ["body", "new_password"], msg: `The password ${problem}` });
}

/**
 * In this order: 1. the new hash and the note that sessions are to end, in one transaction; 2. the sessions end; 3. the note is
 * crossed off; 4. a new session begins. A crash after 1 leaves the note, which the next process finishes before it serves, and the
 * others after a while. Ending the sessions first would let somebody with the old password in between.
 */
async function change(
  parts: RouteParts,
  user: User,
  hash: string,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<object> {
  const { users, ender, storeName, clock } = parts.service;
  const own = { store: storeName, dueAt: clock() + OTHERS_WAIT };
  const changed = await orUnavailable(parts.security, () => users.changePassword(user, hash, own));
  if (changed === null) return reply.code(409).send({ detail: "The user was changed at the same moment" });
  actAs(`user:${user.id}`);
  parts.security.write("passwordChanged", { userId: String(user.id) });
  await ender.end(changed.ending);
  return beginSession(parts, changed.user, request, reply, NOBODY);
}
