import { Form, redirect } from "react-router";
import { sessionContext } from "../session";
import type { Route } from "./+types/logout";

export async function action({ context }: Route.ActionArgs) {
  await context.get(sessionContext).signOut();
  return redirect("/login");
}

export default function Logout() {
  return <Form method="post" />;
}
