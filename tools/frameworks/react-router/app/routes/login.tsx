import { Form, redirect } from "react-router";
import { userOf } from "../../manager";
import { sessionContext } from "../session";
import type { Route } from "./+types/login";

export async function action({ context, request }: Route.ActionArgs) {
  await context.get(sessionContext).signIn(await userOf(await request.formData()));
  return redirect("/profile");
}

export default function Login() {
  return (
    <Form method="post">
      <input name="user" />
    </Form>
  );
}
