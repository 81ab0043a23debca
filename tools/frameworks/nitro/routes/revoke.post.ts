import { defineHandler } from "nitro/h3";
import { manager } from "../manager";

export default defineHandler(async ({ context }) => manager.revokeUser(context.session.require().userId));
