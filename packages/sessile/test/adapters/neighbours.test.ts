// Packages that applications use beside sessions: what docs/frameworks.md says of each, in "Session middleware meets other packages".

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, mock, test } from "node:test";
import { fileURLToPath } from "node:url";
import FakeTimers from "@sinonjs/fake-timers";
import express, { type RequestHandler } from "express";
import Fastify, { type FastifyRequest } from "fastify";
import MockDate from "mockdate";
import { cookieTransport, memoryStore, type SessionInfo, SessionManager } from "sessile";
import { requireSession, sessions } from "sessile/express";
import { sessions as fastifySessions } from "sessile/fastify";
import { mintSession } from "sessile/testing";
import { withSession } from "sessile/web";
import { listen } from "./support/listen.ts";
import { cookieFor, testManager } from "./support/session-server.ts";

const require = createRequire(import.meta.url);

interface Answered {
  readonly status: number;
  readonly text: string;
  readonly headers: Headers;
  readonly cookie: string;
}

/** Serves an application of Express for the time of `body`; errors are answered with their code. */
async function withExpress(
  mount: (app: express.Express, manager: SessionManager) => unknown,
  body: (server: {
    readonly ask: (method: string, path: string, headers?: Record<string, string>) => Promise<Answered>;
    readonly manager: SessionManager;
    readonly cookie: string;
  }) => Promise<void>,
): Promise<void> {
  const { manager } = testManager();
  const app = express().set("env", "test");
  await mount(app, manager);
  const showCode: express.ErrorRequestHandler = (error, _req, res, _next) => {
    res.status(Number(error.statusCode ?? error.status ?? 500)).send(String(error.code ?? error.message));
  };
  app.use(showCode);
  const { url, close } = await listen(createServer(app));
  const ask = async (method: string, path: string, headers: Record<string, string> = {}): Promise<Answered> => {
    const response = await fetch(url + path, { method, headers, redirect: "manual" });
    const cookie = (response.headers.getSetCookie().at(-1) ?? "").split(";", 1)[0] as string;
    return { status: response.status, text: await response.text(), headers: response.headers, cookie };
  };
  try {
    await body({ ask, manager, cookie: await cookieFor(manager) });
  } finally {
    await close();
    await manager.close();
  }
}

describe("session middleware meets", () => {
  test("static files: none of the session's headers, before and after it in the order", async () => {
    const folder = mkdtempSync(join(tmpdir(), "sessile-static-"));
    writeFileSync(join(folder, "a.txt"), "file");
    const files = (): RequestHandler => express.static(folder, { maxAge: "1y" });
    await withExpress(
      (app, manager) => app.use("/before", files()).use(sessions(manager)).use("/after", files()),
      async ({ ask, cookie }) => {
        for (const path of ["/before/a.txt", "/after/a.txt"]) {
          const { text, headers } = await ask("GET", path, { cookie });
          assert.deepEqual(
            [text, headers.get("cache-control"), headers.get("vary")],
            ["file", "public, max-age=31536000", null],
          );
        }
      },
    );
    rmSync(folder, { recursive: true });
  });

  test("csrf-sync: works with two functions", async () => {
    const { csrfSync } = require("csrf-sync");
    await withExpress(
      (app, manager) => {
        app.use(sessions(manager));
        const csrf = csrfSync({
          getTokenFromState: (req: express.Request) => req.session.get("csrf") as string,
          storeTokenInState: (req: express.Request, token: string) => req.session.set("csrf", token),
        });
        app.use("/set", csrf.csrfSynchronisedProtection);
        app.get("/set", (req, res) => void res.send(csrf.generateToken(req)));
        app.post("/set", (_req, res) => void res.send("done"));
      },
      async ({ ask }) => {
        const page = await ask("GET", "/set");
        const { cookie } = page;
        assert.equal((await ask("POST", "/set", { cookie })).status, 403);
        assert.equal((await ask("POST", "/set", { cookie, "x-csrf-token": page.text })).text, "done");
      },
    );
  });

  test("grant: works on a view of the request whose session holds its one key", async () => {
    const grant = require("grant").express({
      defaults: { origin: "http://localhost", state: true },
      google: { key: "key", secret: "secret", callback: "/welcome" },
    }) as RequestHandler;
    const viewOf = (req: express.Request): express.Request => {
      const view = {
        get grant() {
          return req.session.get("grant");
        },
        set grant(value: unknown) {
          req.session.set("grant", JSON.parse(JSON.stringify(value ?? null)));
        },
      };
      return Object.create(req, { session: { value: view } }) as express.Request;
    };
    await withExpress(
      (app, manager) => {
        app.use(sessions(manager));
        app.use((req, res, next) => grant(viewOf(req), res, next));
        app.get("/kept", (req, res) => void res.json(req.session.get("grant") ?? null));
      },
      async ({ ask }) => {
        const { status, headers, cookie } = await ask("GET", "/connect/google");
        assert.equal(status, 302);
        const state = new URL(headers.get("location") ?? "").searchParams.get("state");
        const { provider, state: kept } = JSON.parse((await ask("GET", "/kept", { cookie })).text);
        assert.deepEqual([provider, kept], ["google", state]);
      },
    );
  });

  test("passport-oauth2: `state: true` is refused in words; a store of two functions works, and a state is good once", async () => {
    const { Passport } = require("passport");
    const { Strategy } = require("passport-oauth2");
    const provider = await listen(
      createServer((_req, res) => {
        res.setHeader("content-type", "application/json");
        res.end(JSON.stringify({ access_token: "secret", token_type: "bearer" }));
      }),
    );
    const settings = {
      authorizationURL: "http://provider.example/authorize",
      tokenURL: `${provider.url}/token`,
      clientID: "id",
      clientSecret: "secret",
      callbackURL: "http://shop.example/callback",
    };
    const ofSession = {
      store(req: express.Request, done: (error: null, state: string) => void) {
        const state = randomUUID();
        req.session.set("oauth", state);
        done(null, state);
      },
      verify(req: express.Request, state: string | undefined, done: (error: null, isRight: boolean) => void) {
        const isRight = req.session.has("oauth") && req.session.get("oauth") === state;
        req.session.remove("oauth");
        done(null, isRight);
      },
    };
    const verify = (...args: unknown[]): void =>
      (args.at(-1) as (error: null, user: object) => void)(null, { id: "42" });
    const passport = new Passport();
    passport.use("itself", new Strategy({ ...settings, state: true }, verify));
    passport.use("ours", new Strategy({ ...settings, store: ofSession }, verify));
    const mount = (app: express.Express, manager: SessionManager): void => {
      app.use(sessions(manager));
      app.get("/itself", passport.authenticate("itself", { session: false }));
      app.get("/auth", passport.authenticate("ours", { session: false }));
      app.get("/callback", passport.authenticate("ours", { session: false }), async (req, res) => {
        await req.session.signIn((req as unknown as { user: { id: string } }).user.id);
        res.redirect(303, "/");
      });
      app.get(
        "/me",
        requireSession((req, res) => void res.send(req.session.userId)),
      );
    };
    await withExpress(mount, async ({ ask }) => {
      assert.deepEqual((await ask("GET", "/itself")).text, "ERR_SESSION_STATE");
      const { status, headers, cookie } = await ask("GET", "/auth");
      const state = new URL(headers.get("location") ?? "").searchParams.get("state") ?? "";
      assert.deepEqual([status, state.length], [302, 36]);
      // As a browser comes back from another site.
      const arrival = { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" };
      const back = (value: string) => ask("GET", `/callback?code=c&state=${value}`, { ...arrival, cookie });
      assert.equal((await ask("GET", `/callback?code=c&state=${state}`, arrival)).status, 403, "of another browser");
      const signedIn = await back(state);
      assert.deepEqual([signedIn.status, (await ask("GET", "/me", { cookie: signedIn.cookie })).text], [303, "42"]);
      assert.equal((await back(state)).status, 403, "the same state again");
      const other = await ask("GET", "/auth");
      const wrong = { ...arrival, cookie: other.cookie };
      assert.equal((await ask("GET", `/callback?code=c&state=${state}`, wrong)).status, 403, "the state of another");
      const { searchParams } = new URL(other.headers.get("location") ?? "");
      const late = await ask("GET", `/callback?code=c&state=${searchParams.get("state")}`, wrong);
      assert.equal(late.status, 403, "a wrong state uses it up");
    });
    await provider.close();
  });

  test("Passport: works with `session: false` and a sign-in of ours", async () => {
    const { Passport, Strategy } = require("passport");
    const passport = new Passport();
    class ByName extends Strategy {
      name = "by-name";
      authenticate(req: express.Request): void {
        const user = req.query["user"];
        const self = this as unknown as { success(user: object): void; fail(status: number): void };
        if (typeof user === "string") self.success({ id: user });
        else self.fail(401);
      }
    }
    passport.use(new ByName());
    await withExpress(
      (app, manager) => {
        app.use(sessions(manager));
        app.post("/login", passport.authenticate("by-name", { session: false }), async (req, res) => {
          await req.session.signIn((req as unknown as { user: { id: string } }).user.id);
          res.json({});
        });
        app.get(
          "/me",
          requireSession((req, res) => void res.send(req.session.userId)),
        );
        app.post("/with-its-own", passport.authenticate("by-name"), (_req, res) => void res.json({}));
      },
      async ({ ask }) => {
        const { cookie, status } = await ask("POST", "/login?user=anna");
        assert.equal(status, 200);
        assert.equal((await ask("GET", "/me", { cookie })).text, "anna");
        assert.equal((await ask("POST", "/login")).status, 401);
        assert.equal((await ask("POST", "/with-its-own?user=anna")).status, 500);
      },
    );
  });

  test("@fastify/passport: works with `session: false` and a sign-in of ours", async () => {
    const { Authenticator, Strategy } = require("@fastify/passport");
    const passport = new Authenticator();
    class ByName extends Strategy {
      constructor() {
        super("by-name");
      }
      authenticate(request: { query: { user?: string } }): void {
        const self = this as unknown as { success(user: object): void; fail(status: number): void };
        if (request.query.user) self.success({ id: request.query.user });
        else self.fail(401);
      }
    }
    passport.use(new ByName());
    const { manager } = testManager();
    const app = Fastify();
    await app.register(fastifySessions, { manager });
    await app.register(passport.initialize());
    const preValidation = passport.authenticate("by-name", { session: false });
    app.post("/login", { preValidation }, async (request) => {
      await request.session.signIn((request as unknown as { user: { id: string } }).user.id);
      return {};
    });
    app.get("/me", async ({ session }) => session.userId);
    const login = await app.inject({ method: "POST", url: "/login?user=anna" });
    assert.equal(login.statusCode, 200);
    const cookie = String(login.headers["set-cookie"]).split(";", 1)[0] as string;
    assert.equal((await app.inject({ url: "/me", headers: { cookie } })).body, "anna");
    await app.close();
  });

  test("@fastify/passport with a session manager of three functions: its user is the session's user", async () => {
    const { Authenticator, Strategy } = require("@fastify/passport");
    class ByName extends Strategy {
      constructor() {
        super("by-name");
      }
      authenticate(request: { query: { user?: string } }): void {
        const self = this as unknown as { success(user: object): void; fail(status: number): void };
        if (request.query.user) self.success({ id: request.query.user });
        else self.fail(401);
      }
    }
    const passport = new Authenticator();
    Object.assign(passport.sessionManager, {
      logIn: ({ session }: FastifyRequest, user: { id: string }) => session.signIn(user.id, { keep: ["returnTo"] }),
      logOut: ({ session }: FastifyRequest) => session.signOut(),
      getUserFromSession: ({ session }: FastifyRequest) => session.userId ?? undefined,
    });
    passport.use(new ByName());
    passport.registerUserDeserializer(async (id: string) => ({ id, name: `The user ${id}` }));
    const { manager } = testManager();
    const app = Fastify();
    await app.register(fastifySessions, { manager });
    await app.register(passport.initialize());
    await app.register(passport.secureSession());
    type Known = FastifyRequest & { user?: { name: string }; logout(): Promise<void>; isAuthenticated(): boolean };
    app.post("/login", { preValidation: passport.authenticate("by-name") }, async () => ({}));
    const back = { preValidation: passport.authenticate("by-name", { successReturnToOrRedirect: "/" }) };
    app.post("/login/back", back, async () => ({}));
    app.get("/from", async ({ session }) => session.set("returnTo", "/from"));
    app.post("/logout", async (request) => {
      await (request as Known).logout();
      return {};
    });
    app.get("/me", async (request) => [(request as Known).isAuthenticated(), (request as Known).user?.name ?? null]);
    const login = await app.inject({ method: "POST", url: "/login?user=anna" });
    assert.equal(login.statusCode, 200);
    const cookie = String(login.headers["set-cookie"]).split(";", 1)[0] as string;
    const who = async () => (await app.inject({ url: "/me", headers: { cookie } })).json();
    assert.deepEqual(await who(), [true, "The user anna"]);
    assert.equal((await manager.list("anna")).sessions.length, 1);
    const logout = await app.inject({ method: "POST", url: "/logout", headers: { cookie, host: "localhost" } });
    assert.equal(logout.statusCode, 200);
    assert.deepEqual(await who(), [false, null]);
    assert.equal((await manager.list("anna")).sessions.length, 0);
    const visit = await app.inject({ url: "/from" });
    const visitor = String(visit.headers["set-cookie"]).split(";", 1)[0] as string;
    const headers = { cookie: visitor, host: "localhost" };
    const returned = await app.inject({ method: "POST", url: "/login/back?user=ben", headers });
    assert.equal(returned.headers["location"], "/from");
    const [{ sid }] = (await manager.list("ben")).sessions as [SessionInfo];
    assert.deepEqual((await manager.find(sid, { data: true }))?.data, {});
    await app.close();
  });

  test("express-session after it: steps aside, because there is a session", async () => {
    await withExpress(
      (app, manager) => {
        app.use(sessions(manager));
        app.use(require("express-session")({ secret: "x", resave: false, saveUninitialized: true }));
        app.get("/", (req, res) => void res.send(String(req.session.userId)));
      },
      async ({ ask, cookie }) => {
        const { text, headers } = await ask("GET", "/", { cookie });
        assert.deepEqual([text, headers.getSetCookie()], ["anna", []]);
      },
    );
  });

  test("express-session before it: is refused in words", async () => {
    const errors: unknown[] = [];
    await withExpress(
      (app, manager) => {
        app.use(require("express-session")({ secret: "x", resave: false, saveUninitialized: true }));
        app.use(sessions(manager, { onError: (error) => errors.push(error) }));
        app.get("/", (_req, res) => void res.send("never"));
      },
      async ({ ask }) => {
        assert.equal((await ask("GET", "/")).status, 500);
        assert.match(String(errors[0]), /Other middleware has set `session` before Sessile/);
      },
    );
  });

  test("a proxy that rewrites Host: works with Sec-Fetch-Site, and without it when trustedOrigins names the origin", async () => {
    const origin = "https://shop.example";
    for (const [headers, trustedOrigins, status] of [
      [{ origin, "sec-fetch-site": "same-origin" }, [], 200],
      [{ origin }, [], 403],
      [{ origin }, [origin], 200],
      [{ origin, "x-forwarded-host": "shop.example" }, [], 403],
    ] as const) {
      const { manager } = testManager(cookieTransport({ trustedOrigins }));
      const login = withSession(manager, async (_request, session) => Response.json(await session.signIn("anna")));
      const request = new Request("http://127.0.0.1:3000/", { method: "POST", headers });
      assert.equal((await login(request)).status, status, JSON.stringify(headers));
    }
  });

  test("a page of another origin of ours: works when trustedOrigins names it", async () => {
    const front = "http://localhost:5173";
    for (const [trustedOrigins, status] of [
      [[], 403],
      [[front], 200],
    ] as const) {
      const { manager } = testManager(cookieTransport({ name: "session", secure: false, trustedOrigins }));
      const login = withSession(manager, async (_request, session) => Response.json(await session.signIn("anna")));
      const headers = { origin: front, "sec-fetch-site": "same-site" };
      assert.equal((await login(new Request("http://localhost:3000/", { method: "POST", headers }))).status, status);
    }
  });

  const clocks: Readonly<Record<string, (advance: number) => () => void>> = {
    "fake timers of Node": (advance) => {
      mock.timers.enable({ apis: ["Date"], now: Date.now() + advance });
      return () => mock.timers.reset();
    },
    "fake timers of sinon, which Jest and Vitest use": (advance) => {
      const clock = FakeTimers.install({ toFake: ["Date"], now: Date.now() + advance });
      return () => clock.uninstall();
    },
    mockdate: (advance) => {
      MockDate.set(Date.now() + advance);
      return () => MockDate.reset();
    },
  };
  for (const [name, pretend] of Object.entries(clocks)) {
    test(`${name}: sessions age by them`, async () => {
      const manager = new SessionManager({ store: memoryStore(), transports: [cookieTransport()], sweepInterval: 0 });
      const { headers } = await mintSession(manager, "anna");
      const userOf = async (): Promise<string | null> => {
        const header = (each: string): string | undefined => headers[each];
        return (await manager.open({ method: "GET", path: "/", header })).session.userId;
      };
      assert.equal(await userOf(), "anna");
      const restore = pretend(25 * 60 * 60 * 1000);
      try {
        assert.equal(await userOf(), null);
      } finally {
        restore();
      }
    });
  }
});

test("docs/frameworks.md names tests that are there", () => {
  const root = fileURLToPath(new URL("../../../../", import.meta.url));
  const page = readFileSync(join(root, "docs/frameworks.md"), "utf8");
  const files = readdirSync(join(root, "packages/sessile/test/adapters"));
  const named = [...page.matchAll(/`([a-z0-9*-]+)\.test\.ts`/g)].map(([, name = ""]) => name);
  assert.ok(named.length > 10);
  for (const name of named) {
    const pattern = new RegExp(`^${name.replaceAll("*", ".*")}(?:\\.deep)?\\.test\\.ts$`);
    assert.ok(
      files.some((file) => pattern.test(file)),
      name,
    );
  }
});
