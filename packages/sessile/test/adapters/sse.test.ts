import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import type { SessionHandler } from "sessile/node";
import { withHandler } from "./support/session-server.ts";

const events: SessionHandler = (_request, response, session) => {
  session.require();
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.write("data: hello\n\n");
  const stop = session.onEnded(() => response.end("event: signed-out\ndata:\n\n"));
  response.on("close", stop);
};

const routes: Readonly<Record<string, SessionHandler>> = {
  "/events": events,
  "/logout": async (_request, response, session) => {
    await session.signOut();
    response.end();
  },
};

const handle: SessionHandler = (request, response, session) => routes[request.url ?? ""]?.(request, response, session);

test("node:http: an open stream of events ends when the user signs out with another request", () =>
  withHandler(handle, async ({ url, cookie }) => {
    const stream = await fetch(`${url}/events`, { headers: { cookie } });
    assert.equal(stream.headers.get("cache-control"), "no-store");
    const reader = (stream.body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream()).getReader();
    assert.equal((await reader.read()).value, "data: hello\n\n");
    await fetch(`${url}/logout`, { method: "POST", headers: { cookie } });
    assert.equal((await reader.read()).value, "event: signed-out\ndata:\n\n");
    assert.equal((await reader.read()).done, true);
  }));

test("node:http: a client that leaves its stream of events is forgotten", async () => {
  let ended = 0;
  const handler: SessionHandler = async (_request, response, session) => {
    response.writeHead(200).flushHeaders();
    const stop = session.onEnded(() => ended++);
    await once(response, "close");
    stop();
    left();
  };
  let left = (): void => {};
  const hasLeft = new Promise<void>((resolve) => {
    left = resolve;
  });
  await withHandler(handler, async ({ url, cookie, manager }) => {
    const abort = new AbortController();
    await fetch(url, { headers: { cookie }, signal: abort.signal });
    abort.abort();
    await hasLeft;
    await manager.revokeUser("anna");
    assert.equal(ended, 0);
  });
});
