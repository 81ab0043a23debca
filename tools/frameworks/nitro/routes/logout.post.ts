import { defineHandler } from "nitro/h3";

export default defineHandler(async ({ context }) => {
  await context.session.signOut();
  return {};
});
