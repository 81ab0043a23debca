// Sessions for an API with Fastify; the token travels in a header. Try it:
//   curl -X POST localhost:3000/login
//   curl localhost:3000/profile -H "X-Session-Token: <the session_token>"
import Fastify from "fastify";
import { headerTransport, memoryStore, SessionManager } from "sessile";
import { sessions } from "sessile/fastify";

const app = Fastify();
await app.register(sessions, {
  manager: new SessionManager({ store: memoryStore(), transports: [headerTransport()] }),
});

app.post("/login", async ({ session }) => ({
  session_token: await session.signIn("1", { data: { username: "john_doe" } }),
}));

app.get("/profile", async (request) => {
  const session = request.session.require();
  return { username: session.get("username"), user_id: Number(session.userId) };
});

app.post("/logout", async ({ session }) => {
  await session.signOut();
  return { message: "Logged out successfully" };
});

await app.listen({ port: Number(process.env.PORT ?? 3000) });
