import { createFileRoute } from "@tanstack/react-router";
import { manager } from "../../manager";

export const Route = createFileRoute("/revoke")({
  server: {
    handlers: {
      POST: async ({ context }) => Response.json(await manager.revokeUser(context.session.require().userId)),
    },
  },
});
