// Where administrators end sessions: one, a user's others, a user's all, everybody's. Each only soon after a sign-in, and audited.

import type { FastifyInstance, FastifyRequest } from "fastify";
import { FRESH_TIME } from "../../sign-in/cookie-sign-in.ts";
import type { AdminParts } from "../parts.ts";
import { EXCEPT_QUERY } from "./queries.ts";
import { notFound } from "./session-routes.ts";

interface SidRoute {
  Params: { readonly sid: string };
}
interface UserRoute {
  Params: { readonly userId: string };
  Querystring: { readonly except?: string };
}

export function endRoutes(app: FastifyInstance, { manager, audit, names, everyone }: AdminParts): void {
  app.delete<SidRoute>("/sessions/:sid", async (request, reply) => {
    const { sid } = request.params;
    const actor = freshOperator(request as FastifyRequest);
    const act = { actor, action: "endSession", target: sid } as const;
    const ended = await audit.run(act, async () => Number(await manager.revoke(sid)));
    return ended === 0 ? notFound(reply) : { ended };
  });

  app.delete<UserRoute>("/users/:userId/sessions", { schema: { querystring: EXCEPT_QUERY } }, async (request) => {
    const { userId } = request.params;
    const { except } = request.query;
    const actor = freshOperator(request as FastifyRequest);
    const action = except === undefined ? "endUser" : "endOthers";
    const target = names.of(userId) ?? userId;
    const ended = await audit.run({ actor, action, target }, () =>
      manager.revokeUser(userId, { except: except ?? null }),
    );
    return { ended };
  });

  /** Answered at once: a million sessions take longer than anybody's patience. `GET` tells how far it is. */
  app.delete("/sessions", async (request, reply) => {
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

  app.get("/everyone", async ({ session }) => {
    session.notActivity();
    return everyone.state;
  });
}

/** Refuses whoever did not prove lately who they are. */
function freshOperator({ session, operator }: FastifyRequest): string {
  session.requireFresh(FRESH_TIME);
  return operator;
}
