// Sessions for an API with h3; the token travels in a header. Try it:
//   curl -X POST localhost:3000/login
//   curl localhost:3000/profile -H "X-Session-Token: <the session_token>"
import { H3, serve } from "h3";
import { headerTransport, memoryStore, SessionManager } from "sessile";
import { sessions } from "sessile/h3";

const app = new H3();
app.use(sessions(new SessionManager({ store: memoryStore(), transports: [headerTransport()] })));

app.post("/login", async ({ context }) => ({
  session_token: await context.session.signIn("1", { data: { username: "john_doe" } }),
}));

app.get("/profile", ({ context }) => {
  const session = context.session.require();
  return { username: session.get("username"), user_id: Number(session.userId) };
});

app.post("/logout", async ({ context }) => {
  await context.session.signOut();
  return { message: "Logged out successfully" };
});

serve(app, { port: Number(process.env.PORT ?? 3000) });
