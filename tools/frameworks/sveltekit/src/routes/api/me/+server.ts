// src/routes/api/me/+server.ts
import type { RequestHandler } from "./$types";

export const GET: RequestHandler = ({ locals }) => Response.json({ user: locals.session.userId });
