// Clients that reset their connection right after a request, on every listener: the server lives and goes on serving.

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { byDepth } from "sessile-test-support/depth";
import { temporaryFolder } from "sessile-test-support/folder";
import { startAdminServer } from "../admin/admin-server.ts";
import { listenersOf } from "../support/listeners.ts";
import { closed, openSocket } from "../support/raw.ts";

const RESETS = byDepth(20, 100, 100);

/** Each leaves Node's hands in a way of its own: handed over, upgraded, refused by the parser, waiting for a body. */
const REQUESTS = {
  CONNECT: "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n",
  "CONNECT behind a request that is not answered yet":
    "GET /profile HTTP/1.1\r\nHost: a\r\n\r\nCONNECT a:1 HTTP/1.1\r\n\r\n",
  "CONNECT with more behind it": `CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n${"x".repeat(50_000)}`,
  "a WebSocket": "GET /admin HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
  "HTTP/2 over an upgrade": "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n",
  "HTTP/2 at once": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
  "a body to be asked for": "POST /login HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n",
  "an expectation that is unknown": "POST /login HTTP/1.1\r\nHost: a\r\nExpect: tea\r\nContent-Length: 5\r\n\r\n",
  "no HTTP": "nonsense\r\n\r\n",
};

test(`after ${RESETS} resets of each kind on each listener the server serves`, async (t) => {
  const store = `sqlite:${join(temporaryFolder(), "sessile.db")}`;
  const server = await startAdminServer([
    ...["--store", store],
    ...["--admin", "--admin-listen", "127.0.0.1:0", "--metrics", "127.0.0.1:0"],
  ]);
  t.after(() => server.end("SIGKILL"));
  for (const [listener, url] of Object.entries(listenersOf(server))) {
    for (const [kind, request] of Object.entries(REQUESTS)) {
      await Promise.all(Array.from({ length: RESETS }, (_, i) => askAndReset(url, request, i % 6)));
      const answer = await fetch(url, { redirect: "manual" });
      assert.ok(answer.status < 500, `${listener}, ${kind}`);
      await answer.body?.cancel();
    }
  }
  const { stderr } = server.output();
  assert.doesNotMatch(stderr, /"level":"(?:fatal|error)"/);
  assert.equal(await server.end(), 0);
});

/** Resets the connection some turns of the event loop after the request went out. */
async function askAndReset(url: string, request: string, turns: number): Promise<void> {
  const socket = openSocket(url);
  const isClosed = closed(socket);
  await new Promise<void>((resolve) => socket.write(request, () => resolve()));
  for (let i = 0; i < turns; i++) await turn();
  socket.resetAndDestroy();
  await isClosed;
}
