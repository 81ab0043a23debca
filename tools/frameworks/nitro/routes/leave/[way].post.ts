import { defineHandler, HTTPError, redirect } from "nitro/h3";

export default defineHandler(async ({ context, url }) => {
  if (url.searchParams.has("user")) await context.session.signIn("1");
  context.session.update("visits", (visits) => Number(visits ?? 0) + 1);
  if (context.params?.["way"] === "redirect") throw redirect("/me", 303);
  throw new HTTPError({ status: 409 });
});
