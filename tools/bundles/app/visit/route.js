import { requireSession } from "sessile/web";
import { route } from "../route.mjs";

export const POST = route(
  requireSession(async (_request, session) => {
    await session.update("visits", (visits) => Number(visits ?? 0) + 1);
    return new Response();
  }),
);
