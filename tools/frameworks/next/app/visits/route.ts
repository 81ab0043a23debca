import { withSession } from "sessile/web";
import { manager } from "../../manager";

export const GET = withSession(manager, (_request, session) => Response.json(session.get("visits") ?? 0));
export const POST = withSession(manager, (_request, session) => {
  session.update("visits", (visits) => Number(visits ?? 0) + 1);
  return Response.json(session.get("campaign") ?? null);
});
