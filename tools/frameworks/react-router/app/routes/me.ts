import { sessionContext } from "../session";
import type { Route } from "./+types/me";

export function loader({ context }: Route.LoaderArgs) {
  const session = context.get(sessionContext);
  if (!session.isSignedIn()) return Response.json({ detail: "Not authenticated" }, { status: 401 });
  return Response.json({ user: session.userId });
}
