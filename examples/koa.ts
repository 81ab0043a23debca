// Sessions for browsers with Koa; the token travels in a cookie. Try it:
//   curl -c jar -X POST localhost:3000/login && curl -b jar localhost:3000/profile
import Koa, { type Middleware } from "koa";
import { cookieTransport, memoryStore, SessionManager } from "sessile";
import { sessions } from "sessile/koa";

const routes: Record<string, Middleware> = {
  "POST /login": async (ctx) => {
    await ctx.session.signIn("1", { data: { username: "john_doe" } });
    ctx.body = { message: "Logged in successfully" };
  },
  "GET /profile": (ctx) => {
    const session = ctx.session.require();
    ctx.body = { username: session.get("username"), user_id: Number(session.userId) };
  },
  "POST /logout": async (ctx) => {
    await ctx.session.signOut();
    ctx.body = { message: "Logged out successfully" };
  },
};

const app = new Koa();
app.use(sessions(new SessionManager({ store: memoryStore(), transports: [cookieTransport()] })));
app.use((ctx, next) => routes[`${ctx.method} ${ctx.path}`]?.(ctx, next) ?? next());
app.listen(Number(process.env.PORT ?? 3000));
