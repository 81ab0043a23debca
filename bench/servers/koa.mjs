// Koa: with no session library, with Sessile and with koa-session over a map. Every variant has the same route.
import Koa from "koa";
import koaSession from "koa-session";
import { sessions as sessileSessions } from "sessile/koa";
import { DATA, each, HOUR, plainCookies, some, userOf } from "./common.mjs";
import { sessile } from "./sessile.mjs";

export const variants = {
  none: ({ sessions = 10_000 }) => {
    const app = new Koa();
    app.use((ctx) => {
      ctx.body = { userId: "user-0000000" };
    });
    return listen(app, some(plainCookies(sessions)));
  },
  memory: (settings) => own({ ...settings, store: "memory" }),
  "koa-session": peer,
};

async function own(settings) {
  const { manager, headers } = await sessile(settings);
  const app = new Koa();
  app.use(sessileSessions(manager));
  app.use((ctx) => {
    ctx.status = ctx.session.isSignedIn() ? 200 : 401;
    ctx.body = { userId: ctx.session.userId };
  });
  return listen(app, headers);
}

/** It has no store of its own: this is the least that fits. */
async function peer({ sessions = 10_000 }) {
  const known = new Map();
  const store = {
    get: async (key) => known.get(key),
    set: async (key, session) => void known.set(key, session),
    destroy: async (key) => void known.delete(key),
  };
  const app = new Koa();
  app.use(koaSession({ store, signed: false, maxAge: HOUR }, app));
  app.use((ctx) => {
    ctx.status = ctx.session.userId === undefined ? 401 : 200;
    ctx.body = { userId: ctx.session.userId };
  });
  const headers = await each(sessions, async (number) => {
    const key = `00000000-0000-4000-8000-${String(number).padStart(12, "0")}`;
    const session = { ...DATA, userId: userOf(number), _expire: Date.now() + HOUR, _maxAge: HOUR };
    known.set(key, session);
    return `Cookie: koa.sess=${key}`;
  });
  return listen(app, some(headers));
}

async function listen(app, headers) {
  const server = await new Promise((resolve) => {
    const listening = app.listen(0, "127.0.0.1", () => resolve(listening));
  });
  return { port: server.address().port, headers, calls: {} };
}
