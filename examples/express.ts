// Sessions for browsers with Express; the token travels in a cookie. Try it:
//   curl -c jar -X POST localhost:3000/login && curl -b jar localhost:3000/profile
import express from "express";
import { cookieTransport, memoryStore, SessionManager } from "sessile";
import { sessions } from "sessile/express";

const app = express();
app.use(sessions(new SessionManager({ store: memoryStore(), transports: [cookieTransport()] })));

app.post("/login", async (req, res) => {
  await req.session.signIn("1", { data: { username: "john_doe" } });
  res.json({ message: "Logged in successfully" });
});

app.get("/profile", (req, res) => {
  const session = req.session.require();
  res.json({ username: session.get("username"), user_id: Number(session.userId) });
});

app.post("/logout", async (req, res) => {
  await req.session.signOut();
  res.json({ message: "Logged out successfully" });
});

app.listen(Number(process.env.PORT ?? 3000));
