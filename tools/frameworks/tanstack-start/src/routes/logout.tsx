import { createFileRoute } from "@tanstack/react-router";

export const Route = createFileRoute("/logout")({
  server: {
    handlers: {
      POST: async ({ context }) => {
        await context.session.signOut();
        return new Response(null, { status: 303, headers: { location: "/login" } });
      },
    },
  },
  component: () => <form method="post" />,
});
