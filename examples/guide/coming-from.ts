// A program that has moved to Sessile. Its former sessions are in a table of SQLite.
import { DatabaseSync } from "node:sqlite";
import express from "express";
import { cookieTransport, memoryStore, SessionManager } from "sessile";
import { sessions } from "sessile/express";

const manager = new SessionManager({ store: memoryStore(), transports: [cookieTransport()] });
const app = express();
app.use(sessions(manager));

const former = new DatabaseSync(process.env.FORMER_SESSIONS ?? "app.db");
const take = former.prepare("DELETE FROM session WHERE id = ? AND expires_at > ? RETURNING user_id");

app.use(async (req, res, next) => {
  const [, id] = /(?:^|; )auth_session=([^;]+)/.exec(req.headers.cookie ?? "") ?? [];
  if (id !== undefined) {
    const row = req.session.isSignedIn() ? undefined : take.get(id, Date.now() / 1000);
    if (row !== undefined) await req.session.signIn(String(row.user_id), { authenticatedAt: 0 });
    res.clearCookie("auth_session");
  }
  next();
});

app.get("/", (req, res) => {
  res.json({ user: req.session.userId });
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
