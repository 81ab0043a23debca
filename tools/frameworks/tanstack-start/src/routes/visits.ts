import { createFileRoute } from "@tanstack/react-router";

export const Route = createFileRoute("/visits")({
  server: { handlers: { GET: ({ context }) => Response.json(context.session.get("visits") ?? 0) } },
});
