// src/pages/api/me.ts
import type { APIRoute } from "astro";

export const GET: APIRoute = ({ locals }) => Response.json({ user: locals.session.require().userId });
