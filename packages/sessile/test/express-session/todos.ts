// A list of todos behind a password, in the manner of Passport's own example `todos-express-password`, written anew: sign
// up, sign in with the page that was asked for, messages, a token against forged forms, sign out. `store` is the one
// line that changes.

import { createRequire } from "node:module";
import { session } from "./program.ts";

const load = createRequire(import.meta.url);

// biome-ignore lint/suspicious/noExplicitAny: Passport has no types here.
type Any = any;

export function todos(store: Any): (app: Any) => void {
  const { Passport } = load("passport");
  const { Strategy } = load("passport-local");
  const { csrfSync } = load("csrf-sync");
  const users = new Map<string, { id: number; username: string; password: string }>();
  const lists = new Map<number, { id: number; title: string; isDone: boolean }[]>();

  const passport = new Passport();
  passport.use(
    new Strategy((username: string, password: string, done: Any) => {
      const user = users.get(username);
      const isRight = user !== undefined && user.password === password;
      return isRight ? done(null, user) : done(null, false, { message: "Incorrect username or password." });
    }),
  );
  passport.serializeUser((user: Any, done: Any) => done(null, { id: user.id, username: user.username }));
  passport.deserializeUser((user: Any, done: Any) => done(null, user));
  const { generateToken, csrfSynchronisedProtection } = csrfSync({
    getTokenFromRequest: (request: Any) => request.body?._csrf,
  });

  return (app) => {
    app.use(load("express").urlencoded({ extended: false }));
    app.use(session({ secret: "keyboard cat", resave: false, saveUninitialized: false, store }));
    app.use(csrfSynchronisedProtection, passport.session());
    app.use((request: Any, response: Any, next: Any) => {
      response.locals.messages = request.session.messages ?? [];
      if (response.locals.messages.length > 0) request.session.messages = [];
      next();
    });
    const isUser = (request: Any, response: Any, next: Any) => {
      if (request.user) return next();
      request.session.returnTo = request.originalUrl;
      return response.redirect("/login");
    };

    app.get("/login", (request: Any, response: Any) =>
      response.json({ _csrf: generateToken(request), messages: response.locals.messages }),
    );
    app.post(
      "/login/password",
      passport.authenticate("local", {
        successReturnToOrRedirect: "/",
        failureRedirect: "/login",
        failureMessage: true,
        keepSessionInfo: true,
      }),
    );
    app.post("/signup", (request: Any, response: Any, next: Any) => {
      const { username, password } = request.body;
      const user = { id: users.size + 1, username, password };
      users.set(username, user);
      request.login(user, (error: unknown) => (error ? next(error) : response.redirect("/")));
    });
    app.post("/logout", (request: Any, response: Any, next: Any) =>
      request.logout((error: unknown) => (error ? next(error) : response.redirect("/login"))),
    );
    const listOf = ({ user }: Any) => lists.get(user.id) ?? lists.set(user.id, []).get(user.id) ?? [];
    app.get("/", isUser, (request: Any, response: Any) => {
      const { user, query } = request;
      const shown = listOf(request).filter(({ isDone }) => query.done === undefined || String(isDone) === query.done);
      response.json({ user: user.username, todos: shown, _csrf: generateToken(request) });
    });
    app.post("/", isUser, (request: Any, response: Any) => {
      const list = listOf(request);
      list.push({ id: list.length + 1, title: request.body.title, isDone: false });
      response.redirect("/");
    });
    app.post("/:id/toggle", isUser, (request: Any, response: Any) => {
      for (const todo of listOf(request)) if (String(todo.id) === request.params.id) todo.isDone = !todo.isDone;
      response.redirect("/");
    });
  };
}
