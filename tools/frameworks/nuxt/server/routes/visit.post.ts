export default defineEventHandler(({ node }) => {
  node.req.session.update("visits", (visits) => Number(visits ?? 0) + 1);
  return {};
});
