import { createServer } from "node:http";
import { cookieTransport, memoryStore, SessionManager } from "sessile";
import { openUpgrade, withSession } from "sessile/node";
import { WebSocketServer } from "ws";

const manager = new SessionManager({ store: memoryStore(), transports: [cookieTransport()] });
const server = createServer(
  withSession(manager, async ({ method, url }, response, session) => {
    if (method === "POST" && url === "/login") await session.signIn("1");
    if (method === "POST" && url === "/logout") await session.signOut();
    response.end(JSON.stringify({ user: session.userId }));
  }),
);

const webSockets = new WebSocketServer({ noServer: true });
server.on("upgrade", async (request, socket, head) => {
  const session = await openUpgrade(manager, request, socket);
  if (session === null) return; // it has answered 401, 403 or 503
  webSockets.handleUpgrade(request, socket, head, (webSocket) => {
    const stop = session.onEnded(() => webSocket.close(4401, "Signed out"));
    webSocket.on("close", stop);
    webSocket.on("message", async (text) => {
      session.set("last", String(text));
      await session.commit();
      webSocket.send(`${session.userId} said ${text}`);
    });
  });
});

server.listen(Number(process.env.PORT ?? 3000));
