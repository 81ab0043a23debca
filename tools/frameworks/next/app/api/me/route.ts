// app/api/me/route.ts
import { withSession } from "sessile/web";
import { manager } from "../../../manager";

export const GET = withSession(manager, (_request, session) => Response.json({ user: session.require().userId }));
