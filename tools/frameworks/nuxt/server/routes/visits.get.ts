export default defineEventHandler(({ node }) => node.req.session.get("visits") ?? 0);
