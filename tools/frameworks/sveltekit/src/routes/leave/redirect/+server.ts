import { redirect } from "@sveltejs/kit";
import { withSession } from "sessile/web";
import { manager } from "../../../../manager";
import type { RequestHandler } from "./$types";

const run = withSession(manager, async (_request, session) => {
  await session.signIn("1");
  redirect(303, "/profile");
});

export const POST: RequestHandler = ({ request }) => run(request);
