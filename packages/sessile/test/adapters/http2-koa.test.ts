import { createServer } from "node:http2";
import { Readable } from "node:stream";
import Koa, { type Middleware } from "koa";
import { sessions } from "sessile/koa";
import { bigChunks, http2Tests } from "./support/http2-client.ts";
import { listen } from "./support/listen.ts";

const routes: Readonly<Record<string, Middleware>> = {
  "/login": async (ctx) => {
    await ctx.session.signIn("anna");
    ctx.cookies.set("theme", "dark");
    ctx.status = 201;
  },
  "/profile": (ctx) => {
    ctx.body = ctx.session.require().userId;
  },
  "/write": (ctx) => {
    ctx.session.set("kept", 1);
    ctx.body = "kept";
  },
  "/raw": (ctx) => {
    ctx.session.set("kept", 1);
    ctx.respond = false;
    ctx.res.writeHead(200, { "x-own": "yes" });
    ctx.res.write("ke");
    ctx.res.end("pt");
  },
  "/big": (ctx) => {
    ctx.session.set("big", 1);
    ctx.body = Readable.from(bigChunks());
  },
  "/throw": (ctx) => {
    ctx.session.set("kept", 1);
    throw new Error("broken");
  },
};

http2Tests("Koa", (manager) => {
  const app = new Koa().on("error", () => {});
  app.use(sessions(manager)).use((ctx, next) => routes[ctx.path]?.(ctx, next));
  return listen(createServer(app.callback()));
});
