// src/routes/api/me.ts
import { createFileRoute } from "@tanstack/react-router";

export const Route = createFileRoute("/api/me")({
  server: { handlers: { GET: ({ context }) => Response.json({ user: context.session.require().userId }) } },
});
