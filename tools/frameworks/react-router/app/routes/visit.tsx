import { Form } from "react-router";
import { sessionContext } from "../session";
import type { Route } from "./+types/visit";

export function action({ context }: Route.ActionArgs) {
  context.get(sessionContext).update("visits", (visits) => Number(visits ?? 0) + 1);
  return {};
}

export default function Visit() {
  return <Form method="post" />;
}
