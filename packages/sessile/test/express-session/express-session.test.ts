// The store as a program with express-session uses it: the unchanged middleware, on a real server.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { test } from "node:test";
import { memoryStore, SessionError } from "sessile";
import { type ExpressSessionStoreOptions, expressSessionStore } from "sessile/express-session";
import { formerSessions, importFormerSession } from "sessile/former-sessions";
import type { SessionRecord, SessionStore } from "sessile/store";
import { Bench, HandClock, SpiedStore } from "../support/requests.ts";
import { call, type Handler, serve, session, USUAL } from "./program.ts";

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** A store with everything in the test's hands. */
function open(options: Partial<ExpressSessionStoreOptions> = {}) {
  const clock = new HandClock();
  const spied = new SpiedStore(options.store ?? memoryStore());
  const warnings: unknown[] = [];
  const store = expressSessionStore({
    sweepInterval: 0,
    clock: clock.read,
    onWarning: (...all) => warnings.push(all),
    ...options,
    store: spied.store,
  });
  const events: [name: string, event: object][] = [];
  for (const name of ["gone", "overwritten", "replaced", "unsaved"])
    store.on(name, (event: object) => events.push([name, event]));
  const records = async () => (await spied.inner.scan()).records;
  return { clock, spied, store, events, records, warnings };
}

const ROUTES: Record<string, Handler> = {
  "/": (request, response) => response.json({ ...request.session, cookie: undefined, id: request.sessionID }),
  "/set": (request, response) => {
    Object.assign(request.session, request.query);
    response.json({});
  },
  "/delete": (request, response) => {
    delete request.session[request.query.key];
    response.json({});
  },
  "/login": (request, response, next) =>
    request.session.regenerate((error: unknown) => {
      if (error) return next(error);
      request.session.passport = { user: request.query.user };
      request.session.save((failed: unknown) => (failed ? next(failed) : response.redirect("/")));
    }),
  "/logout": (request, response, next) =>
    request.session.destroy((error: unknown) => (error ? next(error) : response.redirect("/"))),
  "/save": (request, response, next) => {
    request.session.saved = 1;
    request.session.save((error: unknown) => {
      if (error) return next(error);
      request.session.later = 2;
      response.json({});
    });
  },
};

async function dataOf(browser: { get(path: string): Promise<{ text: string }> }) {
  const { id: _, ...data } = JSON.parse((await browser.get("/")).text);
  return data;
}

for (const express of ["express", "express-4"]) {
  test(`${express}: data is kept, a sign-in and what the handler changes after it too, and a sign-out ends it`, async (t) => {
    const { store, records } = open();
    const browser = (await serve(store, ROUTES, { express, test: t })).browser();
    assert.equal((await browser.get("/")).cookie, null, "a visitor without data costs nothing");
    assert.deepEqual(await records(), []);
    await browser.get("/set?cart=a");
    await browser.get("/set?list=b");
    assert.deepEqual(await dataOf(browser), { cart: "a", list: "b" });
    await browser.get("/delete?key=cart");
    assert.deepEqual(await dataOf(browser), { list: "b" });
    await browser.follow("/login?user=7");
    await browser.get("/save");
    assert.deepEqual(await dataOf(browser), { passport: { user: "7" }, saved: 1, later: 2 });
    assert.deepEqual(
      (await records()).map(({ userId }) => userId),
      ["7"],
      "the session before is gone",
    );
    await browser.get("/logout");
    assert.deepEqual([await dataOf(browser), await records()], [{}, []]);
  });
}

test("the store is there for CommonJS too, as the one build", () => {
  const required = createRequire(import.meta.url)("sessile/express-session") as object;
  assert.equal((required as { expressSessionStore: unknown }).expressSessionStore, expressSessionStore);
});

test("marks: the object that get returned may be changed and set, and never comes back after a destroy", async () => {
  const { store, events, records } = open();
  await call((done) => store.set("an id", { cookie: {}, n: 1 }, done));
  const found = await call<{ n: number }>((done) => store.get("an id", done));
  const late = await call<{ n: number }>((done) => store.get("an id", done));
  found.n = 2;
  await call((done) => store.set("an id", found as never, done));
  assert.equal((await call<{ n: number }>((done) => store.get("an id", done))).n, 2);
  await call((done) => store.destroy("an id", done));
  late.n = 3;
  await call((done) => store.set("an id", late as never, done));
  assert.deepEqual(await records(), []);
  assert.deepEqual(
    events.map(([name]) => name),
    ["replaced", "gone"],
  );
});

test("marks: an object of the program's own is stored as a whole, also after a destroy, and an event says so", async () => {
  const { store, events } = open();
  await call((done) => store.set("an id", { cookie: {}, a: 1, b: 1 }, done));
  await call((done) => store.set("an id", { cookie: {}, b: 2 }, done));
  assert.deepEqual(await call((done) => store.get("an id", done)), { cookie: { originalMaxAge: null }, b: 2 });
  await call((done) => store.destroy("an id", done));
  await call((done) => store.set("an id", { cookie: {}, c: 3 }, done));
  assert.deepEqual(
    events.map(([name]) => name),
    ["replaced", "replaced", "replaced"],
  );
  assert.deepEqual(await call((done) => store.get("an id", done)), { cookie: { originalMaxAge: null }, c: 3 });
});

test("marks: reload, load and two saves of one object at once work on what is stored", async (t) => {
  const { store } = open();
  const routes: Record<string, Handler> = {
    ...ROUTES,
    "/twice": async (request, response) => {
      request.session.a = 1;
      const first = call((done) => request.session.save(done));
      request.session.b = 2;
      await Promise.all([first, call((done) => request.session.save(done))]);
      await call((done) => request.session.reload(done));
      const { a, b } = request.session;
      const loaded = await call<{ a: number; b: number }>((done) => store.load(request.sessionID, done));
      response.json([a, b, loaded.a, loaded.b]);
    },
  };
  const browser = (await serve(store, routes, { test: t })).browser();
  assert.equal((await browser.get("/twice")).text, "[1,2,1,2]");
});

test("a save and a destroy at once leave nothing behind, whichever the store answers first", async (t) => {
  const { store, records } = open();
  const both: Handler = async (request, response) => {
    request.session.a = 1;
    const saved = call((done) => request.session.save(done));
    await Promise.all([saved, call((done) => request.session.destroy(done))]);
    response.json({});
  };
  await (await serve(store, { "/": both }, { test: t })).browser().get("/");
  assert.deepEqual(await records(), []);
});

test("errors: what a callback can report is a 503 with its words, and the former session stays the client's", async (t) => {
  const { store, spied, records } = open();
  const browser = (await serve(store, ROUTES, { test: t })).browser();
  await browser.get("/set?cart=a");
  const fail = (...methods: string[]) => {
    spied.before = (method) => {
      if (methods.includes(method)) throw new Error("down");
    };
  };
  fail("load");
  assert.equal((await browser.get("/")).status, 503);
  fail("commit");
  assert.equal((await browser.get("/save")).status, 503);
  fail("delete");
  const login = await browser.get("/login?user=7");
  assert.deepEqual([login.status, login.cookie], [503, null]);
  assert.equal((await browser.get("/logout")).status, 503);
  assert.equal((await browser.get("/logout")).status, 503, "the second try reaches the store again");
  fail();
  assert.equal((await browser.get("/logout")).status, 302);
  assert.deepEqual(await records(), []);
});

test("errors: a write at the end of a response that fails is an event of the store and of its manager", async (t) => {
  const { store, spied, events } = open();
  const failed: string[] = [];
  store.manager.on("storeFailed", ({ operation }) => failed.push(operation));
  const browser = (await serve(store, ROUTES, { test: t })).browser();
  spied.before = (method) => {
    if (method === "create") throw new SessionError("ERR_SESSION_STORE", "down");
  };
  assert.equal((await browser.get("/set?cart=a")).status, 200, "express-session has sent the status before");
  assert.deepEqual(failed, ["create a session"]);
  const [[name, event]] = events as [[string, { error: SessionError }]];
  assert.deepEqual([name, event.error.code], ["unsaved", "ERR_SESSION_STORE"]);
});

test("errors: a record that cannot be read is no session", async (t) => {
  const { store, spied } = open();
  const browser = (await serve(store, ROUTES, { test: t })).browser();
  await browser.get("/set?cart=a");
  spied.before = (method) => {
    if (method === "load") throw new SessionError("ERR_SESSION_RECORD", "damaged");
  };
  assert.deepEqual(await dataOf(browser), {});
});

test("errors: a record with data that no manager writes is no session, and can be ended", async () => {
  const { store, spied, records } = open();
  await call((done) => store.set("an id", { cookie: {}, a: 1 }, done));
  const [record] = (await records()) as [SessionRecord];
  await spied.inner.delete(record.sid);
  await spied.inner.create({ ...record, data: '{"__proto__":{}}' });
  assert.equal(await call((done) => store.get("an id", done)), null);
  await call((done) => store.destroy("an id", done));
  assert.deepEqual(await records(), []);
});

test("a cookie whose deadline is a number, as express-openid-connect writes it, ends the session then", async () => {
  const { store, clock, records } = open();
  const cookie = { expires: Date.now() + 5 * MINUTE, maxAge: 5 * MINUTE };
  await call((done) => store.set("an id", { cookie, a: 1 }, done));
  const left = ((await records())[0]?.expiresAt ?? 0) - clock.now;
  assert.ok(left > 4 * MINUTE && left <= 5 * MINUTE, `it ends in ${left} ms`);
  clock.now += 5 * MINUTE;
  assert.equal(await call((done) => store.get("an id", done)), null);
});

test("a touch that is not due calls back in its turn, so that the last byte of a response leaves with the others", async () => {
  const { store } = open();
  await call((done) => store.set("an id", { cookie: {}, a: 1 }, done));
  const session = await call<{ cookie: object }>((done) => store.get("an id", done));
  const calls: string[] = [];
  store.touch("an id", session, () => calls.push("touched"));
  assert.deepEqual(calls, [], "never during the call");
  await new Promise<void>((done) => process.nextTick(done)); // as Node sends what was written until now
  assert.deepEqual(calls, ["touched"]);
});

test("owner: a sign-in without regenerate moves the record, and so do another user and none", async (t) => {
  const { store, records } = open({ userOf: (data) => data["userId"] });
  const signedIn: string[] = [];
  store.manager.on("signedIn", ({ userId }) => signedIn.push(userId));
  const browser = (await serve(store, ROUTES, { test: t })).browser();
  await browser.get("/set?cart=a");
  for (const userId of ["anna", "bert"]) {
    await browser.get(`/set?userId=${userId}`);
    assert.deepEqual(
      (await store.manager.list(userId)).sessions.map((each) => each.userId),
      [userId],
    );
  }
  assert.deepEqual([(await store.manager.list("anna")).sessions, signedIn], [[], ["anna", "bert"]]);
  await browser.get("/delete?key=userId");
  const [record] = (await records()) as [SessionRecord];
  assert.deepEqual([record.userId, record.authenticatedAt], [null, null]);
  assert.deepEqual(await dataOf(browser), { cart: "a" });
});

for (const onExceeded of ["evictOldest", "refuse"] as const) {
  test(`owner: a limit that is to ${onExceeded} holds for a session that becomes a user's later, too`, async (t) => {
    const { store } = open({ userLimit: { max: 1, onExceeded } });
    const ended: string[] = [];
    store.manager.on("revoked", ({ userId, reason }) => ended.push(`${userId} ${reason}`));
    const program = await serve(
      store,
      {
        ...ROUTES,
        "/plain": (request, response, next) => {
          request.session.passport = { user: 7 };
          request.session.save((error: unknown) => (error ? next(error) : response.json({})));
        },
      },
      { test: t },
    );
    const [one, other] = [program.browser(), program.browser()];
    await other.get("/set?cart=a");
    await one.follow("/login?user=7");
    const isRefused = onExceeded === "refuse";
    assert.match((await other.get("/plain")).text, isRefused ? /req\.session\.regenerate/ : /^\{\}$/);
    const [first, visitor] = [{ passport: { user: "7" } }, { cart: "a" }];
    const expected = isRefused ? [first, visitor] : [{}, { ...visitor, passport: { user: 7 } }];
    assert.deepEqual([await dataOf(one), await dataOf(other)], expected);
    assert.equal((await store.manager.list("7")).sessions.length, 1);
    assert.deepEqual(ended, isRefused ? [] : ["7 limit"]);
  });
}

test("owner: numbers and objects with an id are users, anything else is none", async () => {
  const cases: [user: unknown, id: string | null][] = [
    [7, "7"],
    ["x", "x"],
    [{ id: 7, name: "A" }, "7"],
    ["", null],
    [undefined, null],
    [null, null],
    [true, null],
    [Number.NaN, null],
    [{ name: "A" }, null],
  ];
  for (const [user, id] of cases) {
    const { store, records } = open({ userOf: () => user });
    await call((done) => store.set("an id", { cookie: {} }, done));
    assert.equal((await records())[0]?.userId, id, String(user));
  }
});

test("sid: neither the id of express-session nor the secret of its cookie is at rest, and a genid is taken", async (t) => {
  const { store, records } = open();
  const genid = () => "the program's own id";
  const browser = (await serve(store, ROUTES, { test: t, genid })).browser();
  const { cookie } = await browser.get("/set?cart=a");
  const other = (await serve(store, ROUTES, { test: t, genid })).browser();
  await other.get("/set?list=b");
  assert.deepEqual(await dataOf(browser), { cart: "a", list: "b" }, "one id is one session");
  const text = JSON.stringify(await records());
  const [, signature = "none"] = /\.([^;]{20})/.exec(decodeURIComponent(String(cookie))) ?? [];
  assert.ok(!text.includes("program's own") && !text.includes(signature));
  assert.match((await records())[0]?.sid ?? "", /^[0-9A-Za-z]{22}$/);
});

test("lifetimes: maxAge is the idle timeout, and what was written last holds, longer or shorter", async (t) => {
  const { store, clock } = open();
  const routes: Record<string, Handler> = {
    ...ROUTES,
    "/age": (request, response) => {
      request.session.cookie.maxAge = Number(request.query.ms);
      request.session.aged = request.query.ms;
      response.json({});
    },
  };
  const browser = (await serve(store, routes, { test: t, cookie: { maxAge: 10 * MINUTE } })).browser();
  await browser.get("/set?cart=a");
  clock.now += 9 * MINUTE;
  assert.deepEqual(await dataOf(browser), { cart: "a" });
  clock.now += 9 * MINUTE;
  assert.deepEqual(await dataOf(browser), { cart: "a" }, "the read before was a use");
  await browser.get(`/age?ms=${30 * DAY}`);
  clock.now += 29 * DAY;
  assert.equal((await dataOf(browser)).cart, "a");
  await browser.get(`/age?ms=${5 * MINUTE}`);
  clock.now += 4 * MINUTE;
  assert.equal((await dataOf(browser)).cart, "a");
  clock.now += 5 * MINUTE;
  assert.deepEqual(await dataOf(browser), {});
});

test("lifetimes: without maxAge a day, and 400 days in any case, unless the options say otherwise", async (t) => {
  for (const [options, idle, absolute] of [
    [{}, DAY, 400 * DAY],
    [{ idleTimeout: 60 * MINUTE, absoluteTimeout: 10 * DAY }, 60 * MINUTE, 10 * DAY],
  ] as const) {
    const { store, clock } = open(options);
    const browser = (await serve(store, ROUTES, { test: t })).browser();
    await browser.get("/set?cart=a");
    clock.now += idle - 1;
    assert.deepEqual(await dataOf(browser), { cart: "a" });
    clock.now += idle + 1;
    assert.deepEqual(await dataOf(browser), {});
    const rolling = (
      await serve(store, ROUTES, { test: t, rolling: true, cookie: { maxAge: absolute / 4 } })
    ).browser();
    await rolling.get("/set?cart=a");
    for (let days = 0; days < 7; days++) {
      clock.now += absolute / 8;
      assert.deepEqual(await dataOf(rolling), { cart: "a" });
    }
    clock.now += absolute / 8;
    assert.deepEqual(await dataOf(rolling), {}, "the absolute timeout ends it");
  }
});

test("lifetimes: a session that was imported is there until it would have ended, by the same cookie", async (t) => {
  const { store, spied, clock } = open();
  const browser = (await serve(store, ROUTES, { test: t, genid: () => "an id" })).browser();
  await browser.get("/set?cart=a");
  await spied.inner.deleteExpired({ now: Number.MAX_SAFE_INTEGER, limit: 1 });
  const former = { id: "an id", userId: "7", data: { cart: "b" }, expiresAt: clock.now + 5 * DAY };
  await importFormerSession(spied.inner, former, clock.read);
  clock.now += 4 * DAY;
  assert.deepEqual(await dataOf(browser), { cart: "b" });
  await browser.get("/set?list=c");
  assert.deepEqual(await dataOf(browser), { cart: "b", list: "c" });
  assert.equal((await store.manager.list("7")).sessions.length, 1);
  clock.now += DAY;
  assert.deepEqual(await dataOf(browser), {});
});

test("formerSessions exchanges a session of this store: its user stays signed in, the old cookie opens nothing more", async (t) => {
  const bench = new Bench();
  const store = expressSessionStore({ store: bench.spied.store, sweepInterval: 0, clock: bench.clock.read });
  const browser = (await serve(store, ROUTES, { test: t })).browser();
  await browser.follow("/login?user=7");
  const { cookie } = await browser.get("/set?cart=a");
  assert.equal(cookie, null, "the cookie is set once");
  const cookies = browser.cookies;
  const former = formerSessions({ store: bench.spied.store, secret: USUAL.secret, clock: bench.clock.read });
  const exchange = () => bench.send(null, (session) => former.signIn(session, cookies, ({ cart = [] }) => ({ cart })));
  const { result, issued } = await exchange();
  assert.deepEqual([result, await bench.userOf(issued as string)], [true, "7"]);
  assert.deepEqual(await bench.dataOf(issued as string), { cart: "a" });
  assert.deepEqual(await dataOf(browser), {}, "express-session finds it no more");
  assert.equal((await exchange()).result, false);
  const { sessions } = await store.manager.list("7");
  assert.equal(sessions.length, 1, "both are seen from either manager");
});

test("lifetimes: a maxAge of zero ends the session", async (t) => {
  const { store, records } = open();
  const routes: Record<string, Handler> = {
    ...ROUTES,
    "/over": (request, response) => {
      request.session.cookie.maxAge = 0;
      request.session.over = true;
      response.json({});
    },
  };
  const browser = (await serve(store, routes, { test: t })).browser();
  await browser.get("/over");
  assert.deepEqual(await records(), []);
  await browser.get("/set?cart=a");
  await browser.get("/over");
  assert.deepEqual(await dataOf(browser), {});
});

for (const resave of [false, true]) {
  test(`touch: with resave ${resave}, a read is one load, and one commit a minute that nothing waits for`, async (t) => {
    const { store, spied, clock } = open();
    const browser = (await serve(store, ROUTES, { test: t, resave })).browser();
    await browser.get("/set?cart=a");
    spied.take();
    for (let reads = 0; reads < 5; reads++) await browser.get("/");
    assert.deepEqual(spied.take(), { load: 5 });
    clock.now += MINUTE;
    let isWritten = () => {};
    const written = new Promise<void>((resolve) => {
      isWritten = resolve;
    });
    spied.before = (method) => (method === "commit" ? written : undefined);
    for (let reads = 0; reads < 5; reads++) assert.equal((await browser.get("/")).status, 200);
    isWritten();
    assert.deepEqual(spied.take(), { load: 5, commit: 1 });
  });
}

test("touch: get shows the deadline of the last use, as the cookie has it, before that is written", async (t) => {
  const { store } = open({ clock: () => Date.now() });
  const routes: Record<string, Handler> = { "/": (request, response) => response.send(request.sessionID) };
  const options = { test: t, saveUninitialized: true, rolling: true, cookie: { maxAge: MINUTE } };
  const browser = (await serve(store, routes, options)).browser();
  await browser.get("/");
  const { text: id, cookie } = await browser.get("/");
  const found = await call<{ cookie: { expires: string } }>((done) => store.get(id, done));
  const [, sent] = /Expires=([^;]+)/.exec(String(cookie)) ?? [];
  assert.equal(new Date(found.cookie.expires).toUTCString(), sent);
});

test("all, length and clear count the live sessions of express-session, and no others", async (t) => {
  const { store, spied, clock } = open();
  const program = await serve(store, ROUTES, { test: t });
  for (const cart of ["a", "b", "c"]) await program.browser().get(`/set?cart=${cart}`);
  clock.now += 2 * DAY;
  for (const cart of ["d", "e"]) await program.browser().get(`/set?cart=${cart}`);
  const [record] = (await spied.inner.scan()).records as [SessionRecord];
  const other = { ...record, sid: "0123456789012345678901", secretDigest: "x", expiresAt: clock.now + DAY };
  await spied.inner.create(other);
  assert.equal(await call((done) => store.length(done)), 2);
  const all = await call<{ cart: string }[]>((done) => store.all(done as never));
  assert.deepEqual(all.map(({ cart }) => cart).sort(), ["d", "e"]);
  await call((done) => store.clear(done));
  assert.equal(await call((done) => store.length(done)), 0);
  assert.ok(await spied.inner.load(other.sid));
});

test("the same key written by two requests: the last one stays, and an event names the key", async () => {
  const { store, events } = open();
  await call((done) => store.set("an id", { cookie: {}, flash: 0, other: 0 }, done));
  const [one, two] = [await call((done) => store.get("an id", done)), await call((done) => store.get("an id", done))];
  Object.assign(one, { flash: 1, other: 1 });
  Object.assign(two, { flash: 2, more: 2 });
  await call((done) => store.set("an id", one, done));
  await call((done) => store.set("an id", two, done));
  const { cookie: _, ...data } = await call<Record<string, unknown>>((done) => store.get("an id", done));
  assert.deepEqual(data, { flash: 2, other: 1, more: 2 });
  assert.deepEqual(
    events.slice(1).map(([name, event]) => [name, (event as { keys: string[] }).keys]),
    [["overwritten", ["flash"]]],
  );
});

test("data: dates and methods become what JSON makes of them; what it cannot carry is refused with its path", async () => {
  const { store, events, records } = open();
  await call((done) => store.set("an id", { cookie: {}, at: new Date(0), no: undefined, f: () => 1 }, done));
  assert.equal((await call<{ at: string }>((done) => store.get("an id", done))).at, "1970-01-01T00:00:00.000Z");
  const cyclic: { list: unknown[] } = { list: [] };
  cyclic.list.push({ back: cyclic });
  const cases: [data: object, words: RegExp][] = [
    [{ cart: { items: [{ price: 1n }] } }, /`cart\.items\.0\.price`/],
    [{ cyclic }, /`cyclic\.list\.0\.back/],
    [{ body: JSON.parse('{"__proto__":1}') }, /__proto__/],
  ];
  for (const [data, words] of cases) {
    const failed = call((done) => store.set("another id", { cookie: {}, ...data }, done));
    await assert.rejects(
      failed,
      (error: SessionError) => error.code === "ERR_SESSION_VALUE" && words.test(error.message),
    );
  }
  assert.deepEqual(
    [(await records()).length, events.map(([name]) => name)],
    [1, ["replaced", "unsaved", "unsaved", "unsaved"]],
  );
});

test("manager: lists and revokes the sessions of a user, and gives the events", async (t) => {
  const { store } = open();
  const events: string[] = [];
  for (const name of ["created", "signedIn", "signedOut", "revoked"] as const)
    store.manager.on(name, ({ userId }) => events.push(`${name} ${userId}`));
  const program = await serve(store, ROUTES, { test: t });
  const [one, other] = [program.browser(), program.browser()];
  await one.follow("/login?user=7");
  await other.follow("/login?user=7");
  assert.equal((await store.manager.list("7")).sessions.length, 2);
  await other.get("/logout");
  assert.equal(await store.manager.revokeUser("7"), 1);
  assert.deepEqual(await dataOf(one), {});
  const expected = ["created 7", "signedIn 7", "created 7", "signedIn 7", "signedOut 7", "revoked 7"];
  assert.deepEqual(events, expected);
});

test("a listener that throws breaks no request", async () => {
  const { store, warnings } = open();
  store.on("unsaved", () => {
    throw new Error("of the application");
  });
  await assert.rejects(
    call((done) => store.set("an id", { cookie: {}, n: 1n }, done)),
    { code: "ERR_SESSION_VALUE" },
  );
  assert.equal(warnings.length, 1);
});

test("an option that is unknown or cannot work is refused", () => {
  const store: SessionStore = memoryStore();
  for (const wrong of [{ store, userof: () => 1 }, { store, idleTimeout: 0 }, { store, userOf: "passport" }, {}])
    assert.throws(() => expressSessionStore(wrong as never), { code: "ERR_SESSION_OPTION" });
});

test("the options of express-session work together: rolling, unset, name, several secrets", async (t) => {
  const { store, records } = open();
  const options = { ...USUAL, test: t, rolling: true, unset: "destroy", name: "sid", secret: ["new", "old"] };
  const program = await serve(
    store,
    {
      ...ROUTES,
      "/unset": (request, response) => {
        request.session = null;
        response.json({});
      },
    },
    options,
  );
  const browser = program.browser();
  assert.match(String((await browser.get("/set?cart=a")).cookie), /^sid=s%3A/);
  assert.match(String((await browser.get("/")).cookie), /^sid=s%3A/, "rolling sets the cookie each time");
  await browser.get("/unset");
  assert.deepEqual(await records(), []);
  assert.equal(typeof session.Store, "function");
});
