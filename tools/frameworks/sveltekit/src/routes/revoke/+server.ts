import { json } from "@sveltejs/kit";
import { manager } from "../../../manager";
import type { RequestHandler } from "./$types";

export const POST: RequestHandler = async ({ locals }) => json(await manager.revokeUser(locals.session.userId ?? ""));
