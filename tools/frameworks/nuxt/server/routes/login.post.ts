// server/routes/login.post.ts
export default defineEventHandler(async ({ node }) => {
  await node.req.session.signIn("1");
  return { message: "Logged in successfully" };
});
