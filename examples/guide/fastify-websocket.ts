import websocket from "@fastify/websocket";
import Fastify from "fastify";
import { cookieTransport, memoryStore, SessionManager } from "sessile";
import { requireSession, sessions } from "sessile/fastify";

const manager = new SessionManager({ store: memoryStore(), transports: [cookieTransport()] });
const app = Fastify();
app.get("/", async () => ({}));
await app.register(websocket);
await app.register(sessions, { manager });
app.get("/chat", { websocket: true, preHandler: requireSession() }, (socket, { session }) => {
  const stop = session.onEnded(() => socket.close(4401, "Signed out"));
  socket.on("close", stop);
  socket.on("message", async (text) => {
    session.set("last", String(text));
    await session.commit();
    socket.send(`${session.userId} said ${text}`);
  });
});
app.post("/login", async ({ session }) => {
  await session.signIn("1");
  return {};
});
app.post("/logout", async ({ session }) => {
  await session.signOut();
  return {};
});

await app.listen({ port: Number(process.env.PORT ?? 3000) });
