import cookieParser from "cookie-parser";
import { doubleCsrf } from "csrf-csrf";
import { csrfSync } from "csrf-sync";
import express from "express";
import { cookieTransport, memoryStore, SessionManager } from "sessile";
import { sessions } from "sessile/express";

const manager = new SessionManager<{ csrf: string }>({ store: memoryStore(), transports: [cookieTransport()] });

declare module "sessile" {
  interface Register {
    manager: typeof manager;
  }
}

const app = express();
app.use(sessions(manager), cookieParser());

// csrf-sync: the token is in the session.
const sync = csrfSync({
  getTokenFromState: (req) => req.session.get("csrf"),
  storeTokenInState: (req, token) => req.session.set("csrf", String(token)),
});
app.get("/sync", (req, res) => {
  res.json({ token: sync.generateToken(req) });
});
app.post("/sync", sync.csrfSynchronisedProtection, (_req, res) => {
  res.json({});
});

// csrf-csrf: the token is in a cookie and bound to the session. Call it for signed-in users.
const double = doubleCsrf({
  getSecret: () => process.env.CSRF_SECRET ?? "a secret of this program, 32 characters or more",
  getSessionIdentifier: (req) => req.session.sid ?? "",
});
app.post("/login", async (req, res) => {
  await req.session.signIn("1");
  res.json({});
});
app.get("/double", (req, res) => {
  res.json({ token: double.generateCsrfToken(req, res) });
});
app.post("/double", double.doubleCsrfProtection, (_req, res) => {
  res.json({});
});

app.listen(Number(process.env.PORT ?? 3000));
