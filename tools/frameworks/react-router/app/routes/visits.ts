import { sessionContext } from "../session";
import type { Route } from "./+types/visits";

export const loader = ({ context }: Route.LoaderArgs) => Response.json(context.get(sessionContext).get("visits") ?? 0);
