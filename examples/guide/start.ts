import Fastify from "fastify";
import { cookieTransport, memoryStore, SessionManager } from "sessile";
import { sessions } from "sessile/fastify";
import { z } from "zod";

const manager = new SessionManager({
  store: memoryStore(),
  transports: [cookieTransport()],
  schema: z.object({ name: z.string(), theme: z.enum(["light", "dark"]) }).partial(),
});
declare module "sessile" {
  interface Register {
    manager: typeof manager;
  }
}

const app = Fastify();
await app.register(sessions, { manager });

app.post("/login", async ({ session }) => {
  await session.signIn("42", { data: { name: "Anna" } });
  return { message: "Welcome" };
});

app.get("/profile", async ({ session }) => {
  const { userId } = session.require();
  return { userId, name: session.get("name") };
});

app.post("/dark", async ({ session }) => {
  session.require().set("theme", "dark");
  return { message: "Kept" };
});

app.post("/logout", async ({ session }) => {
  await session.signOut();
  return { message: "Bye" };
});

await app.listen({ port: Number(process.env.PORT ?? 3000) });
