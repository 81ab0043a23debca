// src/routes/profile/+page.server.ts
import { redirect } from "@sveltejs/kit";
import type { PageServerLoad } from "./$types";

export const load: PageServerLoad = ({ locals }) => {
  if (!locals.session.isSignedIn()) redirect(303, "/login");
  return { user: locals.session.userId };
};
