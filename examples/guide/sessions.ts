import Fastify from "fastify";
import { cookieTransport, memoryStore, SessionManager } from "sessile";
import { sessions as sessionsPlugin } from "sessile/fastify";
import { z } from "zod";

const DAY = 24 * 60 * 60 * 1000;
const manager = new SessionManager({
  store: memoryStore(),
  transports: [cookieTransport()],
  idleTimeout: DAY / 24, // without a request; default 1 hour
  absoluteTimeout: DAY, // since sign-in; default 24 hours
  longest: { idle: 30 * DAY, absolute: 30 * DAY }, // no sign-in may ask for more
  schema: z
    .object({ theme: z.string(), visits: z.number(), cart: z.array(z.string()), role: z.string(), message: z.string() })
    .partial(),
});
declare module "sessile" {
  interface Register {
    manager: typeof manager;
  }
}

const user = { id: "42", role: "customer" };
const log: unknown[] = [];
const audit = (...entry: unknown[]) => log.push(entry);
const alarm = audit;

manager.on("signedIn", ({ userId, sid, at }) => audit("signed in", userId, sid, at));
manager.on("reuseDetected", ({ userId }) => alarm("a token was copied", userId));

const app = Fastify();
await app.register(sessionsPlugin, { manager });

app.get("/who", async ({ session }) => ({
  userId: session.userId, // null for a visitor
  isSignedIn: session.isSignedIn(), // TypeScript knows the userId afterwards
}));

app.post("/change", async ({ session }) => {
  session.set("theme", "dark");
  session.remove("theme");
  session.update("visits", (visits = 0) => visits + 1);
  return { stored: await session.commit(), visits: session.get("visits") };
});

app.post("/login", async ({ session, headers }) => {
  await session.signIn(user.id, {
    keep: ["cart"], // of the visitor's session; everything else is dropped
    data: { role: user.role },
    device: headers["user-agent"], // for the list of the user's devices
  });
  return {};
});

app.post("/login/:kind", async ({ session, params }) => {
  const { kind } = params as { kind: string };
  if (kind === "remembered")
    await session.signIn(user.id, { absoluteTimeout: 30 * DAY, idleTimeout: 30 * DAY }); // remember me
  else if (kind === "strict")
    await session.signIn(user.id, { idleTimeout: DAY / 96 }); // 15 minutes, for administrators
  else await session.signIn(user.id, { persistent: false }); // until the browser closes
  return { until: session.expiresAt };
});

app.post("/logout", async ({ session }) => {
  await session.signOut();
  session.set("message", "Goodbye"); // a new anonymous session
  return {};
});

app.post("/save", async ({ session }, reply) => {
  session.flash("notice", "Saved");
  return reply.redirect("/page", 303);
});

app.get("/page", async ({ session }) => {
  const notices = session.takeFlash("notice");
  return { notices, message: session.get("message") };
});

app.post("/pay", async ({ session }) => {
  session.requireFresh(5 * 60 * 1000); // signed in within 5 minutes, otherwise 403
  return {};
});

app.post("/confirm", async ({ session }) => {
  await session.elevate({ for: user.id });
  return {};
});

app.post("/rotate", async ({ session }) => {
  session.rotate(); // now, with this response
  return {};
});

app.get("/devices", async () => {
  const { sessions } = await manager.list(user.id); // sid, device, lastSeenAt, …
  return sessions;
});

app.post("/revoke/:sid", async ({ params }) => {
  const { sid } = params as { sid: string };
  await manager.revoke(sid, { userId: user.id }); // one session, if it is this user's
  return {};
});

app.post("/revoke-others", async ({ session }) => {
  await manager.revokeUser(user.id, { except: session.sid }); // all others
  return {};
});

app.post("/revoke-all", async () => {
  await manager.revokeUser(user.id); // all: after a new password, or to erase the user
  return {};
});

app.get("/events", async ({ session }, reply) => {
  const socket = reply.hijack().raw;
  socket.writeHead(200, { "content-type": "text/event-stream" });
  const stop = session.onEnded(() => socket.end());
  socket.on("close", stop);
});

app.get("/log", async () => log);

await app.listen({ port: Number(process.env.PORT ?? 3000) });
