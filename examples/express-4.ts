// Sessions for an API with Express 4, which does not wait for handlers; the token travels in a header. Try it:
//   curl -X POST localhost:3000/login
//   curl localhost:3000/profile -H "X-Session-Token: <the session_token>"
import express from "express-4"; // in your project: "express"
import { headerTransport, memoryStore, SessionManager } from "sessile";
import { requireSession, sessions } from "sessile/express";

const app = express();
app.use(sessions(new SessionManager({ store: memoryStore(), transports: [headerTransport()] })));

app.post("/login", (req, res, next) => {
  const signedIn = req.session.signIn("1", { data: { username: "john_doe" } });
  signedIn.then((token) => res.json({ session_token: token })).catch(next);
});

app.get(
  "/profile",
  requireSession((req, res) => {
    res.json({ username: req.session.get("username"), user_id: Number(req.session.userId) });
  }),
);

app.post("/logout", (req, res, next) => {
  const signedOut = req.session.signOut();
  signedOut.then(() => res.json({ message: "Logged out successfully" })).catch(next);
});

app.listen(Number(process.env.PORT ?? 3000));
