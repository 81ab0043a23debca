// The application to bundle, on node:http: signs in, changes a value, signs out.
import { createServer } from "node:http";
import { headerTransport, SessionManager } from "sessile";
import { withSession } from "sessile/node";
import { openStore } from "./stores.mjs";

start();

// No top-level await: a bundle of CommonJS has none.
async function start() {
  const manager = new SessionManager({ store: await openStore(), transports: [headerTransport()] });
  const server = createServer(withSession(manager, answer));
  server.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}`));
}

const ROUTES = {
  "POST /login": async (_request, response, session) => {
    await session.signIn("anna");
    response.end();
  },
  "GET /me": (_request, response, session) => {
    response.end(JSON.stringify({ user: session.require().userId, visits: session.get("visits") ?? 0 }));
  },
  "POST /visit": async (_request, response, session) => {
    await session.require().update("visits", (visits) => Number(visits ?? 0) + 1);
    response.end();
  },
  "POST /logout": async (_request, response, session) => {
    await session.signOut();
    response.end();
  },
};

function answer(request, response, session) {
  const route = ROUTES[`${request.method} ${request.url}`];
  if (route !== undefined) return route(request, response, session);
  response.statusCode = 404;
  response.end();
}
