// routes/login.post.ts
import { defineHandler } from "nitro/h3";

export default defineHandler(async ({ context }) => {
  await context.session.signIn("1", { data: { username: "john_doe" } });
  return { message: "Logged in successfully" };
});
