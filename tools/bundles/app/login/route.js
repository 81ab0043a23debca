import { route } from "../route.mjs";

export const POST = route(async (_request, session) => {
  await session.signIn("anna");
  return new Response();
});
