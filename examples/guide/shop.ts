import { randomBytes, scryptSync, timingSafeEqual } from "node:crypto";
import Fastify, { type FastifyRequest } from "fastify";
import { cookieTransport, SessionManager } from "sessile";
import { sessions } from "sessile/fastify";
import { sqliteStore } from "sessile/sqlite";
import { z } from "zod";

const MINUTE = 60 * 1000;
const MONTH = 30 * 24 * 60 * MINUTE;
const manager = new SessionManager({
  store: sqliteStore({ path: "shop.db" }),
  transports: [cookieTransport()],
  schema: z.object({ cart: z.array(z.string()), role: z.enum(["customer", "admin"]) }).partial(),
  longest: { absolute: MONTH, idle: MONTH },
});
declare module "sessile" {
  interface Register {
    manager: typeof manager;
  }
}

const hash = (password: string, salt = randomBytes(16)) => ({ salt, key: scryptSync(password, salt, 32) });
const users = new Map([
  ["anna", { id: "1", role: "admin" as const, ...hash("correct horse battery") }],
  ["ben", { id: "2", role: "customer" as const, ...hash("staple paper clip") }],
]);
const stranger = { id: null, role: null, ...hash("") };
const Login = z.object({ name: z.string(), password: z.string(), remember: z.boolean().default(false) });

/** The user of this name and password; null when one of them is wrong. */
function check(name: string, password: string) {
  const user = users.get(name) ?? stranger;
  return timingSafeEqual(hash(password, user.salt).key, user.key) && user.id !== null ? user : null;
}

const app = Fastify();
await app.register(sessions, { manager });
app.setErrorHandler((error, _request, reply) =>
  error instanceof z.ZodError ? reply.code(400).send({ detail: z.prettifyError(error) }) : reply.send(error),
);

app.get("/", async ({ session }) => ({
  user: session.userId,
  cart: session.get("cart") ?? [],
  notices: session.takeFlash("notice"),
}));
app.post("/cart/:item", async ({ session, params }: FastifyRequest<{ Params: { item: string } }>) => {
  session.update("cart", (cart = []) => [...cart, params.item]);
  return {};
});
app.post("/login", async ({ session, body, headers }, reply) => {
  const { name, password, remember } = Login.parse(body);
  const user = check(name, password);
  if (user === null) return reply.code(401).send({ detail: "Wrong name or password" });
  const lifetime = remember ? { absoluteTimeout: MONTH, idleTimeout: MONTH } : { persistent: false };
  const { role } = user;
  await session.signIn(user.id, { keep: ["cart"], data: { role }, device: headers["user-agent"], ...lifetime });
  session.flash("notice", `Welcome, ${name}`);
  return {};
});
app.post("/logout", async ({ session }) => {
  await session.signOut();
  session.flash("notice", "Goodbye");
  return {};
});

app.get("/devices", async ({ session }) => (await manager.list(session.require().userId)).sessions);
app.delete("/devices/:sid", async ({ session, params }: FastifyRequest<{ Params: { sid: string } }>) => ({
  ended: await manager.revoke(params.sid, { userId: session.require().userId }),
}));
app.get("/orders", async ({ session }, reply) => {
  if (session.require().get("role") !== "admin") return reply.code(403).send({ detail: "For administrators" });
  return { orders: [] };
});
app.post("/confirm", async ({ session, body }, reply) => {
  const { name, password } = Login.parse(body);
  const user = check(name, password);
  if (user?.id !== session.require().userId) return reply.code(401).send({ detail: "Wrong name or password" });
  await session.elevate({ for: user.id });
  return {};
});
app.post("/password", async ({ session, body }) => {
  session.requireFresh(5 * MINUTE);
  const { name, password } = Login.parse(body);
  const user = users.get(name);
  if (user?.id === session.userId) users.set(name, { ...user, ...hash(password) });
  return { ended: await manager.revokeUser(session.require().userId, { except: session.sid }) };
});

await app.listen({ port: Number(process.env.PORT ?? 3000) });
