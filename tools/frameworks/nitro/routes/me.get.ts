// routes/me.get.ts
import { defineHandler } from "nitro/h3";
import { requireSession } from "sessile/h3";

export default defineHandler({
  middleware: [requireSession()],
  handler: ({ context }) => ({ user: context.session.userId }),
});
