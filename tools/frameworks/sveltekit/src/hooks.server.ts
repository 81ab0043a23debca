// src/hooks.server.ts
import { redirect } from "@sveltejs/kit";
import type { Handle } from "@sveltejs/kit/hooks"; // version 2: from "@sveltejs/kit"
import { withSession } from "sessile/web";
import { manager } from "../manager";

const run = withSession(manager, (_request, session, { event, resolve }: Parameters<Handle>[0]) => {
  event.locals.session = session;
  if (event.url.pathname.startsWith("/api/me")) session.require();
  if (event.url.pathname.startsWith("/account") && !session.isSignedIn()) redirect(303, "/login");
  return resolve(event);
});

export const handle: Handle = (input) => run(input.event.request, input);
