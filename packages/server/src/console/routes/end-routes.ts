// The routes by which administrators end sessions: one, a user's others, all of a user, all of all users. Each needs a
// recent sign-in, and is audited.
//
// The body alone decides which sessions end, and a query is refused: no request ends more by losing a part on its way.

import type { FastifyInstance, FastifyRequest } from "fastify";
import { readJsonBodies } from "../../http/bodies.ts";
import { notFound, RequestError } from "../../http/request-error.ts";
import { endBody, NO_QUERY, type SchemaTypes, SID, YES } from "../../http/schema.ts";
import { FRESH_TIME } from "../../identity/sign-in/cookie-sign-in.ts";
import type { AdminParts } from "../parts.ts";
import { SID_BODY, USER_ID } from "./session-routes.ts";

const END_SESSION = { querystring: NO_QUERY, body: SID_BODY };
const END_USER = { querystring: NO_QUERY, body: endBody({ all: YES, except: SID }, { userId: USER_ID }) };
/** An explicit member: no request for less becomes this one by losing a part. */
const END_EVERYONE = { querystring: NO_QUERY, body: endBody({ everyone: YES }) };

export function endRoutes(app: FastifyInstance, parts: AdminParts): void {
  app.register(async (scope) => {
    readJsonBodies(scope);
    actRoutes(scope, parts);
  });

  app.get("/everyone", async ({ session }) => {
    session.notActivity();
    return parts.everyone.state;
  });
}

function actRoutes(app: FastifyInstance, { manager, audit, names, everyone }: AdminParts): void {
  const routes = app.withTypeProvider<SchemaTypes>();
  routes.post("/end-session", { schema: END_SESSION }, async (request) => {
    const { sid } = request.body;
    const actor = freshOperator(request);
    const act = { actor, action: "endSession", target: sid } as const;
    const ended = await audit.run(act, async () => Number(await manager.revoke(sid)));
    if (ended === 0) throw notFound();
    return { ended };
  });

  routes.post("/end-user", { schema: END_USER }, async (request) => {
    const { userId, except } = request.body;
    const actor = freshOperator(request);
    const action = except === undefined ? "endUser" : "endOthers";
    const target = names.of(userId) ?? userId;
    const ended = await audit.run({ actor, action, target }, () =>
      manager.revokeUser(userId, { except: except ?? null }),
    );
    return { ended };
  });

  /** Answers at once, since a million sessions take minutes. `GET /everyone` returns the progress. */
  routes.post("/end-everyone", { schema: END_EVERYONE }, async (request, reply) => {
    const actor = freshOperator(request);
    if (everyone.state.isRunning) throw new RequestError(409, "This is under way");
    await new Promise<void>((begun, failed) => {
      const run = (): Promise<number | null> => {
        begun();
        return everyone.run();
      };
      audit.run({ actor, action: "endEveryone" }, run).catch((error: unknown) => {
        request.log.error({ err: error }, "ending all sessions failed");
        failed(error); // reached only when the audit could not be written, and nothing has begun
      });
    });
    return reply.code(202).send(everyone.state);
  });
}

/** Refuses administrators whose last proof of identity is too old. */
function freshOperator({ session, operator }: Pick<FastifyRequest, "session" | "operator">): string {
  session.requireFresh(FRESH_TIME);
  return operator;
}
