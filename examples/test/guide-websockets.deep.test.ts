// The programs of docs/guide/websockets.md: each open connection ends with its session.

import assert from "node:assert/strict";
import { once } from "node:events";
import { type TestContext, test } from "node:test";
import { io } from "socket.io-client";
import { WebSocket } from "ws";
import { Browser, type Program, start } from "./guide-program.ts";

/** A program with a signed-in browser. */
async function signedIn(
  t: TestContext,
  name: string,
): Promise<Program & { cookie: string; signOut: () => Promise<unknown> }> {
  const program = await start(t, name);
  const browser = new Browser();
  const [line = ""] = (await browser.post(`${program.url}/login`)).headers.getSetCookie();
  const signOut = (): Promise<unknown> => browser.post(`${program.url}/logout`);
  return { ...program, cookie: line.split(";", 1)[0] ?? "", signOut };
}

for (const name of ["websocket", "fastify-websocket"])
  test(`${name}: a WebSocket has its user's session, closes at sign-out, and is refused without a session`, async (t) => {
    const { url, cookie, signOut } = await signedIn(t, name);
    const address = `${url.replace("http", "ws")}/chat`;
    const webSocket = new WebSocket(address, { headers: { cookie } });
    await once(webSocket, "open");
    webSocket.send("hello");
    assert.equal(String((await once(webSocket, "message"))[0]), "1 said hello");
    const closed = once(webSocket, "close");
    await signOut();
    assert.deepEqual((await closed).map(String), ["4401", "Signed out"]);

    for (const headers of [{ cookie }, {}]) {
      const refused = new WebSocket(address, { headers }).on("error", () => {});
      const [, { statusCode }] = (await once(refused, "unexpected-response")) as [unknown, { statusCode: number }];
      assert.equal(statusCode, 401);
      refused.terminate();
    }
  });

test("socket-io: a connection closes at sign-out, and is refused without a session", async (t) => {
  const { url, cookie, signOut } = await signedIn(t, "socket-io");
  const options = { reconnection: false, forceNew: true };
  const client = io(url, { ...options, extraHeaders: { cookie } });
  await new Promise((resolve) => client.once("connect", () => resolve(null)));
  const ended = new Promise((resolve) => client.once("disconnect", resolve));
  await signOut();
  assert.equal(await ended, "io server disconnect");
  const stranger = io(url, options);
  const refusal = await new Promise<Error>((resolve) => stranger.once("connect_error", resolve));
  assert.equal(refusal.message, "Not authenticated");
  stranger.close();
});

test("events: a stream ends at sign-out, and is refused without a session", async (t) => {
  const { url, cookie, signOut } = await signedIn(t, "events");
  assert.equal((await fetch(`${url}/events`)).status, 401);
  const response = await fetch(`${url}/events`, { headers: { cookie } });
  assert.equal(response.headers.get("content-type"), "text/event-stream; charset=utf-8");
  await signOut();
  assert.equal(await response.text(), "data: hello\n\n");
});
