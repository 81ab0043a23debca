// Sessions for browsers with React Router on a server; the token travels in a cookie. Framework mode: docs/guide/meta-frameworks.md. Try it:
//   curl -c jar -X POST localhost:3000/login && curl -b jar localhost:3000/profile
import { serve } from "@hono/node-server"; // or any other bridge from node:http to Request and Response
import { createContext, createStaticHandler, type RouteObject, RouterContextProvider } from "react-router";
import { cookieTransport, memoryStore, type Session, SessionManager } from "sessile";
import { withSession } from "sessile/web";

const sessionContext = createContext<Session>();
const profileOf = (session: Session) =>
  Response.json({ username: session.get("username"), user_id: Number(session.userId) });
const profile: RouteObject["loader"] = ({ context }) => profileOf(context.get(sessionContext).require());
const login: RouteObject["action"] = async ({ context }) => {
  await context.get(sessionContext).signIn("1", { data: { username: "john_doe" } });
  return Response.json({ message: "Logged in successfully" });
};
const logout: RouteObject["action"] = async ({ context }) => {
  await context.get(sessionContext).signOut();
  return Response.json({ message: "Logged out successfully" });
};
const { queryRoute } = createStaticHandler([
  { path: "/login", action: login },
  { path: "/profile", loader: profile },
  { path: "/logout", action: logout },
  { path: "*", loader: () => new Response(null, { status: 404 }) },
]);
const manager = new SessionManager({ store: memoryStore(), transports: [cookieTransport()] });
const handle = withSession(manager, (request, session) =>
  queryRoute(request, { requestContext: new RouterContextProvider(new Map([[sessionContext, session]])) }),
);
serve({ fetch: handle, overrideGlobalObjects: false, port: Number(process.env.PORT ?? 3000) });
