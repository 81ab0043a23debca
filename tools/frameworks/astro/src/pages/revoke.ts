import type { APIRoute } from "astro";
import { manager } from "../../manager";

export const POST: APIRoute = async ({ locals }) =>
  Response.json(await manager.revokeUser(locals.session.require().userId));
