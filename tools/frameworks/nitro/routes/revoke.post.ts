import { requireSession } from "sessile/h3";
import { manager } from "../manager";

export default requireSession(async ({ context }) => manager.revokeUser(context.session.userId));
