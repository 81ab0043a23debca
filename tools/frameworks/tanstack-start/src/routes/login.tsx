// src/routes/login.tsx
import { createFileRoute } from "@tanstack/react-router";
import { userOf } from "../../manager";

export const Route = createFileRoute("/login")({
  server: {
    handlers: {
      POST: async ({ context, request }) => {
        await context.session.signIn(await userOf(await request.formData()));
        return new Response(null, { status: 303, headers: { location: "/profile" } });
      },
    },
  },
  component: () => (
    <form method="post">
      <input name="user" />
    </form>
  ),
});
