// Where administrators end sessions: one, a user's others, a user's all, everybody's. Each only soon after a sign-in, and audited.
//
// What ends is said by the body alone, and a query is refused: no request becomes one for more by losing a part on its way.

import type { FastifyInstance, FastifyRequest } from "fastify";
import { readJsonBodies } from "../../http/bodies.ts";
import { NO_QUERY } from "../../http/schemas/sessions.ts";
import { validateRequests } from "../../http/validate.ts";
import { FRESH_TIME } from "../../identity/sign-in/cookie-sign-in.ts";
import type { AdminParts } from "../parts.ts";
import { END_EVERYONE_BODY, END_USER_BODY, SID_BODY } from "./queries.ts";
import { notFound } from "./session-routes.ts";

interface SessionRoute {
  Body: { readonly sid: string };
}
interface UserRoute {
  Body: { readonly userId: string; readonly except?: string };
}

export function endRoutes(app: FastifyInstance, parts: AdminParts): void {
  app.register(async (scope) => {
    readJsonBodies(scope);
    validateRequests(scope);
    actRoutes(scope, parts);
  });

  app.get("/everyone", async ({ session }) => {
    session.notActivity();
    return parts.everyone.state;
  });
}

function actRoutes(app: FastifyInstance, { manager, audit, names, everyone }: AdminParts): void {
  app.post<SessionRoute>("/end-session", { schema: taking(SID_BODY) }, async (request, reply) => {
    const { sid } = request.body;
    const actor = freshOperator(request as FastifyRequest);
    const act = { actor, action: "endSession", target: sid } as const;
    const ended = await audit.run(act, async () => Number(await manager.revoke(sid)));
    return ended === 0 ? notFound(reply) : { ended };
  });

  app.post<UserRoute>("/end-user", { schema: taking(END_USER_BODY) }, async (request) => {
    const { userId, except } = request.body;
    const actor = freshOperator(request as FastifyRequest);
    const action = except === undefined ? "endUser" : "endOthers";
    const target = names.of(userId) ?? userId;
    const ended = await audit.run({ actor, action, target }, () =>
      manager.revokeUser(userId, { except: except ?? null }),
    );
    return { ended };
  });

  /** Answered at once: a million sessions take longer than anybody's patience. `GET /everyone` tells how far it is. */
  app.post("/end-everyone", { schema: taking(END_EVERYONE_BODY) }, async (request, reply) => {
    const actor = freshOperator(request);
    if (everyone.state.isRunning) return reply.code(409).send({ detail: "This is under way" });
    await new Promise<void>((begun, failed) => {
      const run = (): Promise<number | null> => {
        begun();
        return everyone.run();
      };
      audit.run({ actor, action: "endEveryone" }, run).catch((error: unknown) => {
        request.log.error({ err: error }, "ending everybody's sessions failed");
        failed(error); // heard only where the audit could not be written, and nothing has begun
      });
    });
    return reply.code(202).send(everyone.state);
  });
}

function taking(body: object): object {
  return { querystring: NO_QUERY, body };
}

/** Refuses whoever did not prove lately who they are. */
function freshOperator({ session, operator }: FastifyRequest): string {
  session.requireFresh(FRESH_TIME);
  return operator;
}
