// Sessions for browsers with Hono; the token travels in a cookie. Try it:
//   curl -c jar -X POST localhost:3000/login && curl -b jar localhost:3000/profile
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { cookieTransport, memoryStore, SessionManager } from "sessile";
import { sessions } from "sessile/hono";

const app = new Hono()
  .use(sessions(new SessionManager({ store: memoryStore(), transports: [cookieTransport()] })))

  .post("/login", async (c) => {
    await c.var.session.signIn("1", { data: { username: "john_doe" } });
    return c.json({ message: "Logged in successfully" });
  })

  .get("/profile", (c) => {
    const session = c.var.session.require();
    return c.json({ username: session.get("username"), user_id: Number(session.userId) });
  })

  .post("/logout", async (c) => {
    await c.var.session.signOut();
    return c.json({ message: "Logged out successfully" });
  });

serve({ fetch: app.fetch, overrideGlobalObjects: false, port: Number(process.env.PORT ?? 3000) });
