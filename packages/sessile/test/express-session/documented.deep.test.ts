// The behaviour that express-session promises of a store, case by case as its own tests have it, over its own store and
// over ours. Cases that no store takes part in are left out: attributes of the cookie, `proxy`, patches of `res.end`.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { describe, type TestContext, test } from "node:test";
import { memoryStore } from "sessile";
import { expressSessionStore } from "sessile/express-session";
import { call, listen, session } from "./program.ts";

// biome-ignore lint/suspicious/noExplicitAny: the middleware and its stores have no types here.
type Any = any;

const STORES: Record<string, () => Any> = {
  "express-session's own": () => new session.MemoryStore(),
  ours: () => expressSessionStore({ store: memoryStore(), sweepInterval: 0 }),
};

interface Reply {
  readonly status: number;
  readonly text: string;
  /** For the header `Cookie`; undefined when none was set. */
  readonly cookie: string | undefined;
  readonly id: string | undefined;
  readonly expires: string | undefined;
}

const idIn = (cookie: string): string =>
  decodeURIComponent(cookie).slice("connect.sid=s:".length).split(".")[0] as string;

/** A server of `respond` below the middleware with its defaults, as far as `options` do not say otherwise. */
async function open(
  t: TestContext,
  store: Any,
  respond: (request: Any, response: Any) => unknown,
  options: object = {},
) {
  const middleware = session({ secret: "a secret", cookie: { maxAge: 60_000 }, store, ...options });
  const errors: string[] = [];
  const server = createServer((request, response) => {
    middleware(request, response, (error: Any) => {
      if (error == null) return respond(request, response);
      if (response.headersSent) return errors.push(error.message);
      response.statusCode = error.status ?? 500;
      response.end(error.message);
    });
  });
  const { url, close } = await listen(server);
  t.after(close);
  let sets = 0;
  const { set } = store;
  store.set = (...args: Any[]) => {
    sets++;
    set.apply(store, args);
  };
  const get = async (cookie?: string, path = "/"): Promise<Reply> => {
    const response = await fetch(new URL(path, url), { headers: cookie === undefined ? {} : { cookie } });
    const [line] = response.headers.getSetCookie();
    const pair = line?.split(";")[0];
    const expires = /Expires=([^;]+)/.exec(line ?? "")?.[1];
    return { status: response.status, text: await response.text(), cookie: pair, id: pair && idIn(pair), expires };
  };
  /** The number of calls of `set` meanwhile. */
  const setsOf = async (send: () => Promise<unknown>): Promise<number> => {
    const before = sets;
    await send();
    return sets - before;
  };
  return { get, setsOf, errors };
}

const end = (_: Any, response: Any) => response.end();
const number = () => {
  let count = 0;
  return ({ session }: Any, response: Any) => {
    session.num = session.num || ++count;
    response.end(`session ${session.num}`);
  };
};
const count = ({ session }: Any, response: Any) => {
  session.count = (session.count || 0) + 1;
  response.end(String(session.count));
};
const bob = ({ session }: Any, response: Any) => {
  session.user = "bob";
  response.end();
};
const unsetAtTwo = (request: Any, response: Any) => {
  request.session.count = (request.session.count || 0) + 1;
  if (request.session.count === 2) request.session = null;
  response.end();
};
const boom = (...args: Any[]) => args.at(-1)(new Error("boom!"));
/** Until the clock shows another second, as a cookie's `Expires` does. */
async function nextSecond(): Promise<void> {
  const second = Math.floor(Date.now() / 1000);
  while (Math.floor(Date.now() / 1000) === second) await new Promise((resolve) => setImmediate(resolve));
}
async function passed(milliseconds: number): Promise<void> {
  const until = Date.now() + milliseconds;
  while (Date.now() < until) await new Promise((resolve) => setImmediate(resolve));
}

const CASES: Record<string, (t: TestContext, store: Any) => Promise<void>> = {
  async "a new session is stored, and the cookie opens it"(t, store) {
    const { get } = await open(t, store, number());
    const { cookie, text } = await get();
    assert.equal(text, "session 1");
    assert.equal(await call((done) => store.length(done)), 1);
    assert.equal((await get(cookie)).text, "session 1");
  },
  async "an error of get is passed on; one with ENOENT is no session"(t, store) {
    const { get } = await open(t, store, number());
    const { cookie } = await get();
    store.get = boom;
    const { status, text } = await get(cookie);
    assert.deepEqual([status, text], [500, "boom!"]);
    store.get = (_: string, done: Any) => done(Object.assign(new Error("none"), { code: "ENOENT" }));
    assert.equal((await get(cookie)).text, "session 2");
  },
  async "two requests without a cookie make two sessions, which all shows"(t, store) {
    const { get } = await open(t, store, number());
    await Promise.all([get(), get()]);
    assert.equal(Object.keys(await call((done) => store.all(done))).length, 2);
  },
  async "a method's name in the data breaks no request"(t, store) {
    const { get } = await open(t, store, number());
    const { cookie, id } = await get();
    const data = await call((done) => store.get(id, done));
    data.save = "nope";
    await call((done) => store.set(id, data, done));
    assert.equal((await get(cookie)).status, 200);
  },
  async "only the data and the cookie are enumerable, also of a loaded session"(t, store) {
    const { get } = await open(t, store, ({ session }, response) => {
      Object.assign(session, { test1: 1, test2: "b" });
      const inherited = [];
      for (const key in session) inherited.push(key);
      assert.deepEqual(inherited, Object.keys(session));
      response.end(Object.keys(session).sort().join());
    });
    const { cookie, text } = await get();
    assert.deepEqual([text, (await get(cookie)).text], Array(2).fill("cookie,test1,test2"));
  },
  async "a sessionID that is no text is not saved"(t, store) {
    const { get } = await open(t, store, (request, response) => {
      request.sessionID = () => {};
      bob(request, response);
    });
    assert.equal((await get()).cookie, undefined);
    assert.equal(await call((done) => store.length(done)), 0);
  },
  async "a session is saved before the response ends, however it is written"(t, store) {
    for (const write of [
      (response: Any) => response.end("text"),
      (response: Any) => response.setHeader("content-length", "0").end(),
      (response: Any) => response.write("te") && response.end("xt"),
    ]) {
      const each = STORES[store instanceof session.MemoryStore ? "express-session's own" : "ours"]?.();
      const { get } = await open(t, each, ({ session }, response) => {
        session.hit = true;
        write(response);
      });
      const { id } = await get();
      assert.equal((await call((done) => each.get(id, done))).hit, true);
    }
  },
  async "the deadline in the store is the cookie's, and moves with each use"(t, store) {
    const { get } = await open(t, store, bob, { rolling: true });
    const { cookie, id, expires } = await get();
    const stored = async () => new Date((await call((done) => store.get(id, done))).cookie.expires).toUTCString();
    assert.equal(await stored(), expires);
    await nextSecond();
    const { expires: later } = await get(cookie);
    assert.notEqual(later, expires);
    assert.equal(await stored(), later);
  },
  async "a sid that is not in the store gets a new session and another sid"(t, store) {
    const { get } = await open(t, store, number());
    const { cookie, id } = await get();
    await call((done) => store.clear(done));
    const { text, id: other } = await get(cookie);
    assert.equal(text, "session 2");
    assert.notEqual(other, id);
  },
  async "a cookie that is not signed, or wrongly, asks the store for nothing"(t, store) {
    const { get } = await open(t, store, number());
    const { cookie = "", id } = await get();
    store.get = () => assert.fail("the store was asked");
    assert.equal((await get(`connect.sid=${id}`)).text, "session 2");
    assert.equal((await get(cookie.replace(/...\./, "."))).text, "session 3");
  },
  async "an expired session is a new one with another sid, and all does not show it"(t, store) {
    const { get } = await open(t, store, number(), { cookie: { maxAge: 5 } });
    const { cookie, id } = await get();
    await passed(20);
    assert.deepEqual(Object.keys(await call((done) => store.all(done))), []);
    const { text, id: other } = await get(cookie);
    assert.equal(text, "session 2");
    assert.notEqual(other, id);
  },
  async "what was stored without a cookie property fails when it is woken"(t, store) {
    const { get } = await open(t, store, number());
    const { cookie, id } = await get();
    await call((done) => store.set(id, { foo: "bar" }, done));
    const { status, text } = await get(cookie);
    assert.equal(status, 500);
    assert.match(text, /Cannot read prop/);
  },
  async "an id of the application's own, of any characters, opens the session"(t, store) {
    for (const id of ["apple", "%", "/foo?a=b", "ключ", "x".repeat(200)]) {
      const { get } = await open(t, store, count, { genid: () => id });
      const { cookie, id: sent } = await get();
      assert.equal(sent, id);
      assert.equal((await get(cookie)).text, "2");
    }
  },
  async "rolling sets the cookie each time, and saves no uninitialized session unless it is to"(t, store) {
    for (const [rolling, isSet] of [
      [false, false],
      [true, true],
    ]) {
      const { get } = await open(t, store, bob, { rolling, resave: false });
      const { cookie } = await get();
      assert.equal((await get(cookie)).cookie !== undefined, isSet);
    }
    const { get, setsOf } = await open(t, store, end, { rolling: true, saveUninitialized: false });
    assert.equal(await setsOf(async () => assert.equal((await get()).cookie, undefined)), 0);
    const saving = await open(t, store, end, { rolling: true, saveUninitialized: true });
    assert.equal(await saving.setsOf(async () => assert.ok((await saving.get()).cookie)), 1);
  },
  async "resave saves an unmodified session; without it only a modified one is saved"(t, store) {
    for (const [resave, sets] of [
      [undefined, 1],
      [true, 1],
      [false, 0],
    ]) {
      const { get, setsOf } = await open(t, store, bob, { resave });
      const { cookie } = await get();
      assert.equal(await setsOf(() => get(cookie)), sets);
    }
    const { get, setsOf } = await open(
      t,
      store,
      ({ session, url }, response) => {
        if (url !== "/") session.token = url;
        response.end(session.token);
      },
      { resave: false },
    );
    const { cookie } = await get(undefined, "/one");
    assert.equal(await setsOf(async () => assert.equal((await get(cookie)).text, "/one")), 0);
    assert.equal(await setsOf(async () => assert.equal((await get(cookie, "/two")).text, "/two")), 1);
    assert.equal((await get(cookie)).text, "/two");
  },
  async "a nested property named cookie counts as a change"(t, store) {
    const { get, setsOf } = await open(
      t,
      store,
      ({ session }, response) => {
        session.user = { cookie: (session.user?.cookie ?? 0) + 1 };
        response.end(String(session.user.cookie));
      },
      { resave: false },
    );
    const { cookie } = await get();
    assert.equal(await setsOf(async () => assert.equal((await get(cookie)).text, "2")), 1);
  },
  async "errors of touch, set and destroy at the end of a response go to next"(t, store) {
    for (const [method, options, respond] of [
      ["touch", { resave: false }, bob],
      ["set", { saveUninitialized: true }, end],
      ["destroy", { unset: "destroy" }, unsetAtTwo],
    ] as const) {
      const each = STORES[store instanceof session.MemoryStore ? "express-session's own" : "ours"]?.();
      const { get, errors } = await open(t, each, respond, options);
      const { cookie } = await get();
      each[method] = boom;
      assert.equal((await get(method === "set" ? undefined : cookie)).status, 200);
      while (errors.length === 0) await new Promise((resolve) => setImmediate(resolve));
      assert.deepEqual(errors, ["boom!"], method);
    }
  },
  async "an uninitialized session is saved or not as the option says, and not touched"(t, store) {
    for (const [saveUninitialized, sets] of [
      [undefined, 1],
      [true, 1],
      [false, 0],
    ]) {
      const { get, setsOf } = await open(t, store, end, { saveUninitialized });
      assert.equal(await setsOf(async () => assert.equal((await get()).cookie !== undefined, sets === 1)), sets);
    }
    store.touch = () => assert.fail("touched");
    const { get, setsOf } = await open(t, store, count, { saveUninitialized: false });
    assert.equal(await setsOf(() => get()), 1, "a modified one is saved");
  },
  async "secrets may change: the first signs, all read"(t, store) {
    const old = await open(t, store, bob, { secret: "old" });
    const { cookie } = await old.get();
    const show = ({ session }: Any, response: Any) => response.end(String(session.user));
    const both = await open(t, store, show, { secret: ["new", "old"], resave: false, saveUninitialized: false });
    assert.equal((await both.get(cookie)).text, "bob");
    const { cookie: fresh } = await (await open(t, store, bob, { secret: ["new", "old"] })).get();
    assert.equal((await (await open(t, store, show, { secret: "old" })).get(fresh)).text, "undefined");
  },
  async "req.session = null keeps the stored session, or destroys it where the option says so"(t, store) {
    for (const [unset, left] of [
      [undefined, 1],
      ["destroy", 0],
    ]) {
      await call((done) => store.clear(done));
      const { get } = await open(t, store, unsetAtTwo, unset === undefined ? {} : { unset });
      const { cookie } = await get();
      assert.equal(await call((done) => store.length(done)), 1);
      await get(cookie);
      assert.equal(await call((done) => store.length(done)), left);
    }
    const { get } = await open(
      t,
      store,
      (request, response) => {
        request.session = null;
        response.end();
      },
      { unset: "destroy" },
    );
    assert.equal((await get()).cookie, undefined);
    assert.equal(await call((done) => store.length(done)), 0);
  },
  async "load wakes a stored session by its id"(t, store) {
    const { get } = await open(t, store, count);
    const { cookie, id } = await get();
    assert.equal((await call((done) => store.load(id, done))).count, 1);
    assert.equal(await call((done) => store.load("another", done)), undefined);
    assert.equal((await get(cookie)).text, "2");
  },
  async "there is no session while the store says that it is disconnected"(t, store) {
    const { get } = await open(t, store, (request, response) => response.end(typeof request.session));
    store.emit("disconnect");
    const { cookie, text } = await get();
    assert.deepEqual([cookie, text], [undefined, "undefined"]);
    store.emit("connect");
    assert.equal((await get()).text, "object");
  },
  async "destroy ends the session and sets no cookie; regenerate makes another"(t, store) {
    const gone = await open(t, store, (request, response) =>
      request.session.destroy((error: unknown) => response.end(String(error ?? request.session))),
    );
    assert.deepEqual([(await gone.get()).text, (await gone.get()).cookie], ["undefined", undefined]);
    const { get } = await open(t, store, (request, response) => {
      const { id } = request.session;
      request.session.regenerate((error: unknown) => response.end(String(error ?? request.session.id === id)));
    });
    const { cookie, id } = await get();
    const { text, id: other } = await get(cookie);
    assert.equal(text, "false");
    assert.notEqual(other, id);
    assert.equal((await call((done) => store.get(id, done))) ?? null, null);
  },
  async "reload shows what another request wrote, and fails when the session is gone"(t, store) {
    let cookie: string | undefined;
    const { get } = await open(t, store, async (request, response) => {
      if (request.url !== "/") request.session.url = request.url;
      if (request.url === "/foo") await get(cookie, "/bar");
      if (request.url === "/gone") await call((done) => store.clear(done));
      if (request.url === "/" || request.url === "/bar") return response.end("written");
      request.session.reload((error: Any) => response.end(error ? error.message : request.session.url));
    });
    ({ cookie } = await get());
    assert.equal((await get(cookie, "/foo")).text, "/bar");
    assert.equal((await get(cookie, "/gone")).text, "failed to load session");
  },
  async "save stores at once, and the end of the response does not save again"(t, store) {
    for (const options of [{}, { saveUninitialized: false }])
      for (const isReloaded of [false, true]) {
        const { get, setsOf } = await open(
          t,
          store,
          (request, response) => {
            request.session.hit = true;
            const save = (): void =>
              request.session.save((error: unknown) =>
                store.get(request.session.id, (failed: unknown, data: unknown) =>
                  response.end(String(error ?? failed ?? (data ? "stored" : "empty"))),
                ),
              );
            if (isReloaded) request.session.reload(save);
            else save();
          },
          options,
        );
        let cookie: string | undefined;
        for (let request = 0; request < 2; request++) {
          const sets = await setsOf(async () => {
            const answer = await get(cookie);
            cookie ??= answer.cookie;
            assert.equal(answer.text, "stored");
          });
          assert.equal(sets, 1);
        }
      }
  },
  async "touch moves the deadline"(t, store) {
    const { get } = await open(
      t,
      store,
      ({ session }, response) => {
        session.hit = true;
        session.touch();
        response.end();
      },
      { resave: false },
    );
    const { cookie, id } = await get();
    const deadline = async () => new Date((await call((done) => store.get(id, done))).cookie.expires).getTime();
    const before = await deadline();
    await passed(20);
    await get(cookie);
    assert.ok((await deadline()) > before);
  },
  async "originalMaxAge is the same in each request, and a changed maxAge holds from then on"(t, store) {
    const { get } = await open(
      t,
      store,
      ({ session, url }, response) => {
        if (url === "/longer") session.cookie.maxAge = 5000;
        response.end(String(session.cookie.originalMaxAge));
      },
      { cookie: { maxAge: 2000 } },
    );
    const { cookie, text } = await get();
    assert.match(text, /^(2000|1999)$/);
    await passed(20);
    assert.match((await get(cookie)).text, /^(2000|1999)$/);
    await get(cookie, "/longer");
    assert.match((await get(cookie)).text, /^(5000|4999)$/);
  },
  async "a cookie that ends with the browser is set once, also when the session changes"(t, store) {
    for (const respond of [end, count]) {
      const { get } = await open(t, store, (request, response) => {
        request.session.cookie.expires = null;
        respond(request, response);
      });
      const { cookie, expires } = await get();
      assert.equal(expires, undefined);
      assert.equal((await get(cookie)).cookie, undefined);
    }
  },
};

for (const [name, make] of Object.entries(STORES)) {
  describe(`over a store that is ${name}`, () => {
    for (const [title, run] of Object.entries(CASES)) test(title, (t) => run(t, make()));
  });
}
