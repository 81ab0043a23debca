import { createClient } from "@redis/client";
import Fastify from "fastify";
import { cookieTransport, SessionManager } from "sessile";
import { cachedStore } from "sessile/cached";
import { sessions } from "sessile/fastify";
import { keyRing } from "sessile/keys";
import { redisStore } from "sessile/redis";

const { REDIS_URL = "redis://127.0.0.1:6379", SESSION_KEY = "" } = process.env;
const client = createClient({ url: REDIS_URL, disableOfflineQueue: true });
client.on("error", (error) => console.error(error.message));
await client.connect();

const manager = new SessionManager({
  store: cachedStore(redisStore({ client, prefix: "shop:" })),
  transports: [cookieTransport()],
  keys: keyRing([{ id: "1", key: Buffer.from(SESSION_KEY, "base64") }]), // openssl rand -base64 32
  userLimit: { max: 5, onExceeded: "evictOldest" },
});

const app = Fastify();
await app.register(sessions, { manager });
app.get("/", async ({ session }) => ({ user: session.userId }));
app.post("/login", async ({ session }) => {
  await session.signIn("1");
  return {};
});
app.post("/logout", async ({ session }) => {
  await session.signOut();
  return {};
});

process.once("SIGTERM", async () => {
  await app.close(); // answers the requests that are under way
  await manager.close(); // writes the latest activity, and leaves the store
  await client.close();
});
await app.listen({ port: Number(process.env.PORT ?? 3000) });
