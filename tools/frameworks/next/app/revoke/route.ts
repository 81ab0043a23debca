import { requireSession, withSession } from "sessile/web";
import { manager } from "../../manager";

export const POST = withSession(
  manager,
  requireSession(async (_request, session) => Response.json(await manager.revokeUser(session.userId))),
);
