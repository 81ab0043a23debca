import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { createAdaptorServer, upgradeWebSocket } from "@hono/node-server";
import { Hono } from "hono";
import { requireSession, sessions } from "sessile/hono";
import { WebSocket, WebSocketServer } from "ws";
import { listen } from "./support/listen.ts";
import { cookieFor, testManager } from "./support/session-server.ts";

test("a WebSocket of Hono knows its user, is closed when the user is revoked, and refused to others", async () => {
  const { manager } = testManager();
  const app = new Hono().use(sessions(manager)).get(
    "/",
    requireSession(),
    upgradeWebSocket((c) => {
      const session = c.get("session");
      let forget = (): void => {};
      return {
        onOpen(_event, webSocket) {
          forget = session.onEnded(() => webSocket.close(4401));
          webSocket.send(session.userId);
        },
        onClose: () => forget(),
      };
    }),
  );
  const websocket = { server: new WebSocketServer({ noServer: true }) as never }; // its types know `undefined` as absent
  const { url, close } = await listen(
    createAdaptorServer({ fetch: app.fetch, overrideGlobalObjects: false, websocket }),
  );
  const cookie = await cookieFor(manager);
  const webSocket = new WebSocket(url.replace("http", "ws"), { headers: { cookie } });
  assert.equal(String((await once(webSocket, "message"))[0]), "anna");
  const closed = once(webSocket, "close");
  await manager.revokeUser("anna");
  assert.equal((await closed)[0], 4401);
  for (const [status, headers] of [
    ["401", {}],
    ["403", { cookie, origin: "https://evil.example" }],
  ] as const) {
    const [error] = (await once(new WebSocket(url.replace("http", "ws"), { headers }), "error")) as [Error];
    assert.match(error.message, new RegExp(status));
  }
  await close();
  await manager.close();
});
