import { defineHandler } from "nitro/h3";

export default defineHandler(({ context }) => {
  context.session.update("visits", (visits) => Number(visits ?? 0) + 1);
  return {};
});
