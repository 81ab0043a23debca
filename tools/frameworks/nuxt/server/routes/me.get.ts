// server/routes/me.get.ts
import { requireSession } from "sessile/express";

export default defineEventHandler({
  onRequest: fromNodeMiddleware(requireSession()),
  handler: ({ node }) => ({ user: node.req.session.userId }),
});
