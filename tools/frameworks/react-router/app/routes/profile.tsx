import { requireUser, sessionContext } from "../session";
import type { Route } from "./+types/profile";

export const middleware = [requireUser];

export const loader = ({ context }: Route.LoaderArgs) => ({ user: context.get(sessionContext).userId });

export default function Profile({ loaderData }: Route.ComponentProps) {
  return <p>{loaderData.user}</p>;
}
