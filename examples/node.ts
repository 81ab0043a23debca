// Sessions with node:http alone; the token travels in a header. Try it:
//   curl -X POST localhost:3000/login
//   curl localhost:3000/profile -H "X-Session-Token: <the session_token>"
import { createServer, type ServerResponse } from "node:http";
import { headerTransport, memoryStore, SessionManager } from "sessile";
import { type SessionHandler, withSession } from "sessile/node";

const routes: Record<string, SessionHandler> = {
  "POST /login": async (_request, response, session) => {
    json(response, { session_token: await session.signIn("1", { data: { username: "john_doe" } }) });
  },
  "GET /profile": (_request, response, session) => {
    const { userId } = session.require();
    json(response, { username: session.get("username"), user_id: Number(userId) });
  },
  "POST /logout": async (_request, response, session) => {
    await session.signOut();
    json(response, { message: "Logged out successfully" });
  },
};

function json(response: ServerResponse, body: unknown): void {
  response.setHeader("Content-Type", "application/json").end(JSON.stringify(body));
}

const notFound: SessionHandler = (_request, response) => response.writeHead(404).end();
const manager = new SessionManager({ store: memoryStore(), transports: [headerTransport()] });
const route: SessionHandler = (request, ...rest) =>
  (routes[`${request.method} ${request.url}`] ?? notFound)(request, ...rest);
createServer(withSession(manager, route)).listen(process.env.PORT ?? 3000);
