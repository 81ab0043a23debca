import express from "express";
import { cookieTransport, memoryStore, SessionManager } from "sessile";
import { sessions } from "sessile/express";

const manager = new SessionManager({ store: memoryStore(), transports: [cookieTransport()] });
const app = express();
app.use(sessions(manager));
app.get("/events", (req, res) => {
  const session = req.session.require();
  res.type("text/event-stream").write("data: hello\n\n");
  const stop = session.onEnded(() => res.end());
  res.on("close", stop);
});
app.post("/login", async (req, res) => {
  await req.session.signIn("1");
  res.json({});
});
app.post("/logout", async (req, res) => {
  await req.session.signOut();
  res.json({});
});

app.listen(Number(process.env.PORT ?? 3000));
