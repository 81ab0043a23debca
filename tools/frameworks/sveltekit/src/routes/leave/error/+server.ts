import { error } from "@sveltejs/kit";
import { withSession } from "sessile/web";
import { manager } from "../../../../manager";
import type { RequestHandler } from "./$types";

const run = withSession(manager, (_request, session) => {
  session.update("visits", (visits) => Number(visits ?? 0) + 1);
  error(409, "taken");
});

export const POST: RequestHandler = ({ request }) => run(request);
