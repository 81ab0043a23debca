export default defineEventHandler(async ({ node }) => {
  await node.req.session.signOut();
  return {};
});
