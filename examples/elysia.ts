// Sessions for an API with Elysia; the token travels in a header. Try it:
//   curl -X POST localhost:3000/login
//   curl localhost:3000/profile -H "X-Session-Token: <the session_token>"
import { node } from "@elysiajs/node"; // on Bun: new Elysia() without it
import { Elysia } from "elysia";
import { headerTransport, memoryStore, SessionManager } from "sessile";
import { sessions } from "sessile/elysia";

new Elysia({ adapter: node() })
  .use(sessions(new SessionManager({ store: memoryStore(), transports: [headerTransport()] })))

  .post("/login", async ({ session }) => ({
    session_token: await session.signIn("1", { data: { username: "john_doe" } }),
  }))

  .get("/profile", ({ session }) => ({
    username: session.get("username"),
    user_id: Number(session.require().userId),
  }))

  .post("/logout", async ({ session }) => {
    await session.signOut();
    return { message: "Logged out successfully" };
  })

  .listen(Number(process.env.PORT ?? 3000));
