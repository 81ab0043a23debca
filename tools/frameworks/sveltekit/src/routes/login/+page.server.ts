import { redirect } from "@sveltejs/kit";
import { userOf } from "../../../manager";
import type { Actions } from "./$types";

export const actions: Actions = {
  default: async ({ locals, request }) => {
    await locals.session.signIn(await userOf(await request.formData()));
    redirect(303, "/profile");
  },
};
