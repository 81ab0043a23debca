import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import Fastify from "fastify";
import { sessions } from "sessile/fastify";
import { openUpgrade } from "sessile/node";
import { WebSocket, WebSocketServer } from "ws";
import { cookieFor, testManager } from "./support/session-server.ts";

test("a WebSocket on Fastify's server is closed when its user signs out in a route", async () => {
  const { manager } = testManager();
  const app = Fastify({ forceCloseConnections: true });
  const webSockets = new WebSocketServer({ noServer: true });
  await app.register(sessions, { manager });
  app.post("/logout", async ({ session }) => {
    await session.signOut();
    return {};
  });
  app.server.on("upgrade", async (request, socket, head) => {
    const session = await openUpgrade(manager, request, socket);
    if (session === null) return;
    webSockets.handleUpgrade(request, socket, head, (webSocket) => {
      webSocket.on(
        "close",
        session.onEnded(() => webSocket.close(4401)),
      );
      webSocket.send(session.userId);
    });
  });
  const url = await app.listen({ port: 0, host: "127.0.0.1" });
  const cookie = await cookieFor(manager);
  const webSocket = new WebSocket(url.replace("http", "ws"), { headers: { cookie } });
  assert.equal(String((await once(webSocket, "message"))[0]), "anna");
  const closed = once(webSocket, "close");
  await fetch(`${url}/logout`, { method: "POST", headers: { cookie } });
  assert.equal((await closed)[0], 4401);
  await app.close();
  await manager.close();
});
