import { redirect } from "@sveltejs/kit";
import type { Actions } from "./$types";

export const actions: Actions = {
  default: async ({ locals }) => {
    await locals.session.signOut();
    redirect(303, "/login");
  },
};
