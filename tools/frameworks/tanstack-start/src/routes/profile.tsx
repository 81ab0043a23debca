// src/routes/profile.tsx
import { createFileRoute, redirect } from "@tanstack/react-router";
import { createServerFn } from "@tanstack/react-start";

const findUser = createServerFn().handler(async ({ context }) => context.session.userId);

export const Route = createFileRoute("/profile")({
  loader: async () => {
    const user = await findUser();
    if (user === null) throw redirect({ to: "/login" });
    return { user };
  },
  component: Profile,
});

function Profile() {
  return <p>{Route.useLoaderData().user}</p>;
}
