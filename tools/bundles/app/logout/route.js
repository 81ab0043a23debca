import { route } from "../route.mjs";

export const POST = route(async (_request, session) => {
  await session.signOut();
  return new Response();
});
