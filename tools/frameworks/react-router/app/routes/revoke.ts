import { manager } from "../../manager";
import { sessionContext } from "../session";
import type { Route } from "./+types/revoke";

export async function action({ context }: Route.ActionArgs) {
  return Response.json(await manager.revokeUser(context.get(sessionContext).userId ?? ""));
}
