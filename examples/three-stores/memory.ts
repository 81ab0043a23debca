// Sessions in memory. Try it:
//   TOKEN=$(curl -sX POST localhost:8000/login | cut -d'"' -f4)
//   curl localhost:8000/profile -H "X-Session-Token: $TOKEN"
//   curl -X POST localhost:8000/logout -H "X-Session-Token: $TOKEN"
import Fastify from "fastify";
import { headerTransport, memoryStore, SessionManager } from "sessile";
import { sessions } from "sessile/fastify";

const store = memoryStore();
const manager = new SessionManager({ store, transports: [headerTransport()] });
const app = Fastify();
await app.register(sessions, { manager });

app.post("/login", async ({ session }) => {
  const session_token = await session.signIn("1", { data: { username: "john_doe" } });
  return { session_token };
});

app.get("/profile", async ({ session }) => {
  const { userId } = session.require();
  return { username: session.get("username"), user_id: Number(userId) };
});

app.post("/logout", async ({ session }) => {
  await session.signOut();
  return { message: "Logged out successfully" };
});

await app.listen({ port: Number(process.env.PORT ?? 8000) });
