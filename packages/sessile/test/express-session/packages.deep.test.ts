// Packages that keep something in `req.session`, as they are, with the store and, as a control, with express-session's
// own: both must do the same.

import "reflect-metadata";
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { describe, test } from "node:test";
import { Controller, Get, Injectable, Module, Post, Req, UseGuards } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import type { NestExpressApplication } from "@nestjs/platform-express";
import { memoryStore } from "sessile";
import { type ExpressSessionStore, expressSessionStore } from "sessile/express-session";
import { Browser, type Handler, serve, session, USUAL } from "./program.ts";

const load = createRequire(import.meta.url);

const STORES: Record<string, () => object> = {
  "express-session's own": () => new session.MemoryStore(),
  ours: () => expressSessionStore({ store: memoryStore(), sweepInterval: 0 }),
};

/** Passport with its local strategy: any user whose password is `right`. */
function passportOf(): Record<string, (...args: unknown[]) => never> {
  const { Passport } = load("passport");
  const { Strategy } = load("passport-local");
  const passport = new Passport();
  const verify = (user: string, password: string, done: (...args: unknown[]) => void): void =>
    password === "right" ? done(null, { id: user }) : done(null, false, { message: "Wrong name or password" });
  passport.use(new Strategy(verify));
  passport.serializeUser((user: { id: string }, done: (...args: unknown[]) => void) => done(null, user.id));
  passport.deserializeUser((id: string, done: (...args: unknown[]) => void) => done(null, { id }));
  return passport;
}

const show: Handler = (request, response) => response.json({ ...request.session, cookie: undefined });

for (const [name, open] of Object.entries(STORES)) {
  const isOurs = name === "ours";

  describe(`over a store that is ${name}`, () => {
    for (const keepSessionInfo of [false, true]) {
      test(`passport-local, keepSessionInfo ${keepSessionInfo}: returnTo, messages, a new id, sign-out`, async (t) => {
        const passport = passportOf();
        const store = open();
        const program = await serve(
          store,
          (app) => {
            app.use(load("express").urlencoded({ extended: false }), passport["session"]?.());
            app.get("/show", show);
            app.get("/", (request: never, response: never) => {
              const { user } = request as { user?: { id: string } };
              (response as { json(value: unknown): void }).json(user ?? null);
            });
            const isPrivate: Handler = (request, response) => {
              if (request.isAuthenticated()) return response.send("private");
              request.session.returnTo = "/private";
              return response.redirect("/show");
            };
            app.get("/private", isPrivate);
            const options = { failureRedirect: "/show", failureMessage: true, successReturnToOrRedirect: "/" };
            app.use("/login", passport["authenticate"]?.("local", { ...options, keepSessionInfo }));
            app.use("/logout", (request: never, response: never, next: (error?: unknown) => void) =>
              (request as { logout(done: (error?: unknown) => void): void }).logout((error) =>
                error ? next(error) : (response as { redirect(path: string): void }).redirect("/"),
              ),
            );
          },
          { test: t },
        );
        const browser = program.browser();
        assert.equal((await browser.get("/private")).location, "/show");
        await browser.post("/login", { username: "anna", password: "wrong" });
        const before = JSON.parse((await browser.get("/show")).text);
        assert.deepEqual(before, { returnTo: "/private", messages: ["Wrong name or password"] });
        const fixed = browser.copy();
        const { location, cookie } = await browser.post("/login", { username: "anna", password: "right" });
        assert.equal(location, keepSessionInfo ? "/private" : "/");
        assert.notEqual(cookie, null, "a sign-in makes another id");
        assert.deepEqual(JSON.parse((await browser.get("/")).text), { id: "anna" });
        assert.equal((await fixed.get("/")).text, "null", "the id of before opens nothing");
        const kept = keepSessionInfo ? { messages: ["Wrong name or password"] } : {};
        assert.deepEqual(JSON.parse((await browser.get("/show")).text), { ...kept, passport: { user: "anna" } });
        if (isOurs) assert.equal((await (store as ExpressSessionStore).manager.list("anna")).sessions.length, 1);
        const thief = browser.copy();
        await browser.post("/logout");
        assert.deepEqual([(await browser.get("/")).text, (await thief.get("/")).text], ["null", "null"]);
        if (isOurs) assert.equal((await (store as ExpressSessionStore).manager.list("anna")).sessions.length, 0);
      });
    }

    test("@nestjs/passport with session: true", async () => {
      const store = open();
      const browser = await nest(store, async (app) => app.getUrl());
      try {
        const { get, close } = browser;
        assert.equal((await get("/")).text, "nobody");
        assert.equal((await get("/login", { username: "anna", password: "right" })).status, 201);
        assert.equal((await get("/")).text, "anna");
        if (isOurs) assert.equal((await (store as ExpressSessionStore).manager.list("anna")).sessions.length, 1);
        assert.equal((await get("/login", { username: "anna", password: "wrong" })).status, 401);
        void close;
      } finally {
        await browser.close();
      }
    });

    for (const flash of ["connect-flash", "express-flash"]) {
      test(`${flash}: a message is shown once, after a redirect`, async (t) => {
        const routes = (app: { use(...all: unknown[]): void; get(path: string, handler: Handler): void }) => {
          app.use(load(flash)());
          app.get("/add", (request, response) => {
            request.flash("info", "saved");
            response.redirect("/");
          });
          app.get("/", (request, response) => response.json(request.flash("info")));
        };
        const browser = (await serve(open(), routes as never, { test: t })).browser();
        assert.equal((await browser.follow("/add")).text, '["saved"]');
        assert.equal((await browser.get("/")).text, "[]");
      });
    }

    test("csrf-sync, csrf-csrf and lusca: a token of the session is taken, another is refused", async (t) => {
      const { csrfSync } = load("csrf-sync");
      const sync = csrfSync();
      const { doubleCsrf } = load("csrf-csrf");
      const double = doubleCsrf({
        getSecret: () => "a secret of the program",
        getSessionIdentifier: (request: { session: { id: string } }) => request.session.id,
        cookieName: "csrf",
        cookieOptions: { secure: false },
      });
      const protections: Record<string, (app: Any) => void> = {
        "csrf-sync": (app) => {
          app.get("/token", (request: Any, response: Any) => response.send(sync.generateToken(request)));
          app.use(sync.csrfSynchronisedProtection);
        },
        "csrf-csrf": (app) => {
          app.use(load("cookie-parser")());
          app.get("/token", (request: Any, response: Any) => {
            request.session.isKept = true;
            response.send(double.generateCsrfToken(request, response));
          });
          app.use(double.doubleCsrfProtection);
        },
        lusca: (app) => {
          app.use(load("lusca").csrf());
          app.get("/token", (_: Any, response: Any) => response.send(response.locals._csrf));
        },
      };
      for (const [name, protect] of Object.entries(protections)) {
        const routes = (app: Any): void => {
          protect(app);
          app.post("/change", (_: Any, response: Any) => response.send("changed"));
        };
        const browser = (await serve(open(), routes, { test: t })).browser();
        const { text: token } = await browser.get("/token");
        assert.equal((await browser.post("/change", {}, { "x-csrf-token": token })).text, "changed", name);
        assert.equal((await browser.post("/change", {}, { "x-csrf-token": `${token}x` })).status, 403, name);
      }
    });

    test("grant: keeps its state over the redirect to the provider and back", async (t) => {
      const provider = await startProvider();
      t.after(() => provider.close());
      const grant = (origin: string) =>
        load("grant").express({
          defaults: { origin, transport: "session" },
          local: {
            authorize_url: `${provider.url}/authorize`,
            access_url: `${provider.url}/token`,
            oauth: 2,
            key: "key",
            secret: "secret",
            state: true,
            callback: "/done",
          },
        });
      let origin = "";
      let middleware: Any;
      const routes = (app: Any): void => {
        app.use((request: Any, response: Any, next: Any) => {
          middleware ??= grant(origin);
          middleware(request, response, next);
        });
        app.get("/done", (request: Any, response: Any) => response.json(request.session.grant.response.access_token));
      };
      const program = await serve(open(), routes, { test: t });
      origin = program.url;
      const browser = program.browser();
      const { location } = await browser.get("/connect/local");
      const back = await fetch(location as string, { redirect: "manual" });
      const { pathname, search } = new URL(back.headers.get("location") as string);
      assert.equal((await browser.follow(pathname + search)).text, '"a token"');
    });
  });
}

// biome-ignore lint/suspicious/noExplicitAny: these packages have no types here.
type Any = any;

/** A NestJS program with @nestjs/passport, signing in by its guard. */
async function nest(store: object, urlOf: (app: NestExpressApplication) => Promise<string>) {
  const { AuthGuard, PassportModule, PassportStrategy, PassportSerializer } = load("@nestjs/passport");
  const { Strategy } = load("passport-local");
  const passport = load("passport");

  class LocalStrategy extends PassportStrategy(Strategy) {
    validate(user: string, password: string): object | null {
      return password === "right" ? { id: user } : null;
    }
  }
  Injectable()(LocalStrategy);
  class Serializer extends PassportSerializer {
    serializeUser(user: { id: string }, done: (...args: unknown[]) => void): void {
      done(null, user.id);
    }
    deserializeUser(id: string, done: (...args: unknown[]) => void): void {
      done(null, { id });
    }
  }
  Injectable()(Serializer);
  class LoginGuard extends AuthGuard("local") {
    async canActivate(context: Any): Promise<boolean> {
      const isRight = (await super.canActivate(context)) as boolean;
      await super.logIn(context.switchToHttp().getRequest());
      return isRight;
    }
  }
  Injectable()(LoginGuard);
  class Routes {
    login(): object {
      return {};
    }
    who(request: Any): string {
      return request.user?.id ?? "nobody";
    }
  }
  const of = (name: string) => Object.getOwnPropertyDescriptor(Routes.prototype, name) as PropertyDescriptor;
  Post("login")(Routes.prototype, "login", of("login"));
  UseGuards(LoginGuard)(Routes.prototype, "login", of("login"));
  Get()(Routes.prototype, "who", of("who"));
  Req()(Routes.prototype, "who", 0);
  Controller()(Routes);
  class App {}
  Module({
    imports: [PassportModule.register({ session: true })],
    providers: [LocalStrategy, Serializer],
    controllers: [Routes],
  })(App);
  const app = await NestFactory.create<NestExpressApplication>(App, { logger: false, forceCloseConnections: true });
  app.use(session({ ...USUAL, store }), passport.session());
  await app.listen(0, "127.0.0.1");
  const browser = new Browser(await urlOf(app));
  return {
    get: (path: string, form?: Record<string, string>) =>
      form === undefined ? browser.get(path) : browser.post(path, form),
    close: () => app.close(),
  };
}

/** An OAuth 2 provider that admits every user. */
async function startProvider(): Promise<{ url: string; close(): void }> {
  const server: Server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "", "http://localhost");
    if (pathname === "/token") {
      response.setHeader("content-type", "application/json");
      response.end('{"access_token":"a token"}');
      return;
    }
    const back = `${searchParams.get("redirect_uri")}?code=a&state=${searchParams.get("state")}`;
    response.writeHead(302, { location: back }).end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => server.close() };
}
