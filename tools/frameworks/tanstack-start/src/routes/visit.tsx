import { createFileRoute } from "@tanstack/react-router";

export const Route = createFileRoute("/visit")({
  server: {
    handlers: {
      POST: ({ context }) => {
        context.session.update("visits", (visits) => Number(visits ?? 0) + 1);
        return new Response(null);
      },
    },
  },
  component: () => <form method="post" />,
});
