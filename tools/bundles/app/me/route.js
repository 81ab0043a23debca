import { requireSession } from "sessile/web";
import { route } from "../route.mjs";

export const GET = route(
  requireSession((_request, session) => Response.json({ user: session.userId, visits: session.get("visits") ?? 0 })),
);
