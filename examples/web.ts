// Sessions for Request and Response; the token travels in a cookie. Try it:
//   curl -c jar -X POST localhost:3000/login && curl -b jar localhost:3000/profile
import { createServer } from "node:http";
import { cookieTransport, memoryStore, SessionManager } from "sessile";
import { type SessionHandler, withSession } from "sessile/web";

const routes: Record<string, SessionHandler> = {
  "POST /login": async (_request, session) => {
    await session.signIn("1", { data: { username: "john_doe" } });
    return Response.json({ message: "Logged in successfully" });
  },
  "GET /profile": (_request, session) =>
    Response.json({ username: session.get("username"), user_id: Number(session.require().userId) }),
  "POST /logout": async (_request, session) => {
    await session.signOut();
    return Response.json({ message: "Logged out successfully" });
  },
};
const manager = new SessionManager({ store: memoryStore(), transports: [cookieTransport()] });
const handle = withSession(manager, (request, session) => {
  const route = routes[`${request.method} ${new URL(request.url).pathname}`];
  return route?.(request, session) ?? new Response(null, { status: 404 });
});
// Deno.serve(handle) and Bun.serve({ fetch: handle }) take it as it is; Node needs a bridge.
createServer(async ({ method = "GET", url, headers }, outgoing) => {
  const request = new Request(`http://${headers.host}${url}`, { method, headers: headers as Record<string, string> });
  const response = await handle(request);
  outgoing.writeHead(response.status, [...response.headers].flat()).end(await response.text());
}).listen(process.env.PORT ?? 3000);
