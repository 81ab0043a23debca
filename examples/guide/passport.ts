import express from "express";
import passport from "passport";
import { Strategy } from "passport-local";
import { cookieTransport, memoryStore, SessionManager } from "sessile";
import { sessions } from "sessile/express";

const manager = new SessionManager({ store: memoryStore(), transports: [cookieTransport()] });

passport.use(
  new Strategy((name, password, done) => {
    const isRight = name === "anna" && password === "correct horse battery"; // your check, as above
    done(null, isRight ? { id: "1" } : false);
  }),
);

const app = express();
app.use(express.urlencoded({ extended: false }), sessions(manager));
app.get("/", (req, res) => {
  res.json({ user: req.session.userId });
});
app.post("/login", passport.authenticate("local", { session: false }), async (req, res) => {
  const { id } = req.user as { id: string };
  await req.session.signIn(id, { device: req.get("user-agent") ?? "" });
  res.redirect(303, "/");
});
app.post("/logout", async (req, res) => {
  await req.session.signOut();
  res.redirect(303, "/");
});

app.listen(Number(process.env.PORT ?? 3000));
