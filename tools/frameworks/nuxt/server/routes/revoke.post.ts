import { manager } from "../../manager";

export default defineEventHandler(({ node }) => manager.revokeUser(node.req.session.userId ?? ""));
