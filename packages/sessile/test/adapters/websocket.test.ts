import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import { connect, type Socket } from "node:net";
import { Readable } from "node:stream";
import { describe, test } from "node:test";
import { cookieTransport, SessionManager } from "sessile";
import { openUpgrade, withSession } from "sessile/node";
import { WebSocket, WebSocketServer } from "ws";
import { listen } from "./support/listen.ts";
import { cookieFor, testManager } from "./support/session-server.ts";

const SIGNED_OUT = 4401;

/** The recipe of the documentation, with a server that tells the user's name and keeps what it is told. */
function chatServer(manager: SessionManager, errors: unknown[] = []) {
  const webSockets = new WebSocketServer({ noServer: true });
  const server = createServer(
    withSession(manager, async (request, response, session) => {
      if (request.url === "/logout") await session.signOut();
      if (request.url === "/slow") await once(response, "close");
      response.end(session.userId);
    }),
  );
  server.on("upgrade", async (request, socket, head) => {
    const session = await openUpgrade(manager, request, socket, { onError: (error) => errors.push(error) });
    if (session === null) return;
    webSockets.handleUpgrade(request, socket, head, (webSocket) => {
      const stop = session.onEnded(() => webSocket.close(SIGNED_OUT, "Signed out"));
      webSocket.on("close", stop);
      webSocket.on("message", async (message) => {
        session.set("said", String(message));
        await session.commit();
        webSocket.send("kept");
      });
      webSocket.send(session.userId);
    });
  });
  return server;
}

async function withChat(body: (chat: Awaited<ReturnType<typeof start>>) => Promise<void>): Promise<void> {
  const chat = await start();
  try {
    await body(chat);
  } finally {
    await chat.close();
  }
}

async function start() {
  const { store, manager } = testManager();
  const errors: unknown[] = [];
  const server = chatServer(manager, errors);
  const { url, close } = await listen(server);
  const cookie = await cookieFor(manager);
  const open = (headers: Record<string, string> = { cookie }): WebSocket =>
    new WebSocket(url.replace("http", "ws"), { headers });
  return { url, server, store, manager, errors, cookie, open, close: () => close().then(() => manager.close()) };
}

/** The answer to an upgrade that was refused. */
async function refusal(
  webSocket: WebSocket,
): Promise<{ status: number | undefined; text: string; response: IncomingMessage }> {
  webSocket.on("error", () => {});
  webSocket.on("open", () => webSocket.emit("unexpected-response", null, Readable.from(["it was accepted"])));
  const [, response] = (await once(webSocket, "unexpected-response")) as [unknown, IncomingMessage];
  const text = Buffer.concat(await response.toArray()).toString();
  return { status: response.statusCode, text, response };
}

async function nextMessage(webSocket: WebSocket): Promise<string> {
  const [data] = (await once(webSocket, "message")) as [Buffer];
  return data.toString();
}

async function codeOfClose(webSocket: WebSocket): Promise<number> {
  const [code] = (await once(webSocket, "close")) as [number];
  return code;
}

describe("who gets a WebSocket", () => {
  test("a signed-in user, and the session is there", () =>
    withChat(async ({ open }) => {
      const webSocket = open();
      assert.equal(await nextMessage(webSocket), "anna");
      webSocket.terminate();
    }));

  test("B9: not a client that is not signed in, with or without a token", () =>
    withChat(async ({ open, cookie, manager }) => {
      const anonymous = await refusal(open({}));
      assert.deepEqual([anonymous.status, anonymous.text], [401, '{"detail":"Not authenticated"}']);
      assert.equal(anonymous.response.headers["www-authenticate"], "Bearer");
      await manager.revokeUser("anna");
      const revoked = await refusal(open({ cookie }));
      assert.deepEqual(
        [revoked.status, revoked.response.headers["www-authenticate"]],
        [401, 'Bearer error="invalid_token"'],
      );
    }));

  test("I1: not the page of another site, although a WebSocket begins as a GET", () =>
    withChat(async ({ open, cookie, url }) => {
      for (const other of [
        { origin: "https://evil.example" },
        { origin: "null" },
        { "sec-fetch-site": "cross-site" },
      ]) {
        const { status, text } = await refusal(open({ cookie, ...other } as Record<string, string>));
        assert.deepEqual([status, text], [403, '{"detail":"Cross-site request refused"}']);
      }
      const own = open({ cookie, origin: url });
      assert.equal(await nextMessage(own), "anna");
      own.terminate();
    }));

  test("I1: a page of a trusted origin", async () => {
    const manager = testManager(cookieTransport({ trustedOrigins: ["https://app.example"] })).manager;
    const { url, close } = await listen(chatServer(manager));
    const headers = { cookie: await cookieFor(manager), origin: "https://app.example" };
    const webSocket = new WebSocket(url.replace("http", "ws"), { headers });
    assert.equal(await nextMessage(webSocket), "anna");
    webSocket.terminate();
    await close();
    await manager.close();
  });

  test("P1: no client while the store does not answer, and that is a 503", () =>
    withChat(async ({ open, store }) => {
      store.fail("load");
      const { status, response } = await refusal(open());
      assert.deepEqual([status, response.headers["retry-after"], response.headers.connection], [503, "1", "close"]);
    }));

  test("a client that breaks off while the store is asked ends nothing but itself", () =>
    withChat(async ({ url, cookie, store, open, server }) => {
      const gate = store.pause("load");
      const connection = once(server, "connection") as Promise<[Socket]>;
      const socket = connect(Number(new URL(url).port), "127.0.0.1").on("error", () => {});
      socket.write(`GET / HTTP/1.1\r\nHost: x\r\nCookie: ${cookie}\r\n${HANDSHAKE}`);
      await gate.reached;
      const [serverSide] = await connection;
      socket.resetAndDestroy();
      await new Promise((resolve) => serverSide.on("close", resolve));
      gate.open();
      const webSocket = open();
      assert.equal(await nextMessage(webSocket), "anna");
      webSocket.terminate();
    }));

  test("a client that breaks off while the program awaits something else ends nothing but itself", async () => {
    const { manager } = testManager();
    const server = createServer();
    const opened = new Promise<Socket>((resolve) => {
      server.on("upgrade", async (request, socket: Socket) => {
        if ((await openUpgrade(manager, request, socket)) !== null) resolve(socket);
      });
    });
    const { url, close } = await listen(server);
    const socket = connect(Number(new URL(url).port), "127.0.0.1").on("error", () => {});
    socket.write(`GET / HTTP/1.1\r\nHost: x\r\nCookie: ${await cookieFor(manager)}\r\n${HANDSHAKE}`);
    const serverSide = await opened;
    socket.resetAndDestroy();
    await new Promise((resolve) => serverSide.on("close", resolve));
    await close();
    await manager.close();
  });

  test("a client that is refused and keeps its end open is cut", () =>
    withChat(async ({ url, server }) => {
      const connection = once(server, "connection") as Promise<[Socket]>;
      const socket = connect({ port: Number(new URL(url).port), host: "127.0.0.1", allowHalfOpen: true });
      socket.on("error", () => {});
      socket.write(`GET / HTTP/1.1\r\nHost: x\r\n${HANDSHAKE}`);
      const [serverSide] = await connection;
      await once(serverSide, "close");
      socket.destroy();
    }));

  test("a client that asks for a WebSocket while its last request is being answered harms no other client", () =>
    withChat(async ({ url, open }) => {
      const socket = connect(Number(new URL(url).port), "127.0.0.1").on("error", () => {});
      socket.write(`GET /slow HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n${HANDSHAKE}`);
      await once(socket.resume(), "close");
      const webSocket = open();
      assert.equal(await nextMessage(webSocket), "anna");
      webSocket.terminate();
    }));
});

const HANDSHAKE =
  "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

describe("a WebSocket whose session ends", () => {
  test("is closed when the user signs out with another request", () =>
    withChat(async ({ url, open, cookie }) => {
      const webSocket = open();
      await nextMessage(webSocket);
      const closed = codeOfClose(webSocket);
      assert.equal((await fetch(`${url}/logout`, { method: "POST", headers: { cookie } })).status, 200);
      assert.equal(await closed, SIGNED_OUT);
    }));

  test("is closed when the session is revoked, and those of others are not", () =>
    withChat(async ({ open, manager }) => {
      const [mine, other] = [open(), open({ cookie: await cookieFor(manager, "bob") })];
      await Promise.all([nextMessage(mine), nextMessage(other)]);
      const closed = codeOfClose(mine);
      await manager.revokeUser("anna");
      assert.equal(await closed, SIGNED_OUT);
      assert.equal(other.readyState, WebSocket.OPEN);
      other.terminate();
    }));

  test("is closed when another process ends the session, by the store's hint or the next look at it", () =>
    withChat(async ({ open, store }) => {
      const elsewhere = new SessionManager({ store, transports: [cookieTransport()], sweepInterval: 0 });
      const webSocket = open();
      await nextMessage(webSocket);
      const closed = codeOfClose(webSocket);
      await elsewhere.revokeUser("anna");
      assert.equal(await closed, SIGNED_OUT);
    }));

  test("writes with session.commit until then", () =>
    withChat(async ({ open, manager, store }) => {
      const webSocket = open();
      await nextMessage(webSocket);
      webSocket.send("hello");
      assert.equal(await nextMessage(webSocket), "kept");
      const { sessions } = await manager.list("anna");
      assert.equal((await store.load(sessions[0]?.sid ?? ""))?.data, '{"said":"hello"}');
      webSocket.terminate();
    }));
});
