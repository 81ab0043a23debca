import { withSession } from "sessile/web";
import { manager } from "../../manager";

export const POST = withSession(manager, async (_request, session) =>
  Response.json(await manager.revokeUser(session.require().userId)),
);
