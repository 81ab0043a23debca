// src/start.ts
import { createMiddleware, createStart } from "@tanstack/react-start";
import type { Session } from "sessile";
import { withSession } from "sessile/web";
import { manager } from "../manager";

const sessionMiddleware = createMiddleware().server(async ({ request, next }) => {
  const run = (session: Session) => next({ context: { session } });
  let result: Awaited<ReturnType<typeof run>> | undefined;
  const answer = withSession(manager, async (_request, session) => {
    result = await run(session);
    return result.response;
  });
  const response = await answer(request);
  return result === undefined ? response : { ...result, response };
});

export const startInstance = createStart(() => ({ requestMiddleware: [sessionMiddleware] }));
