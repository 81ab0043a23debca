// The program for `@fastify/websocket` of docs/guide/websockets.md, run with a manager of the test. The plugin is loaded by nothing but
// the program: its types change those of Fastify for every test that is compiled together with it.

import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import type { FastifyInstance } from "fastify";
import { type ClientOptions, WebSocket } from "ws";
import { cookieFor, testManager } from "./support/session-server.ts";

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));

/** As much of what the plugin adds as is used here. */
type WithWebSockets = FastifyInstance & {
  injectWS(path: string, context: { headers?: Record<string, string> }): Promise<WebSocket>;
};

async function runProgram(manager: unknown): Promise<WithWebSockets> {
  const program = readFileSync(join(ROOT, "examples/guide/fastify-websocket.ts"), "utf8");
  const own = program
    .replace(/^const manager = .*$/m, "const { manager } = globalThis;")
    .replace(/^await app\.listen.*$/m, "export { app };");
  assert.match(own, /globalThis;[\s\S]*export \{ app \}/);
  const folder = join(ROOT, "packages/sessile/build-test/recipes/run");
  mkdirSync(folder, { recursive: true });
  const file = join(folder, "fastify-websocket.mjs");
  writeFileSync(file, own);
  Object.assign(globalThis, { manager });
  return ((await import(file)) as { app: WithWebSockets }).app;
}

describe("a WebSocket of @fastify/websocket", () => {
  const { manager, store } = testManager();
  let app: WithWebSockets;
  let url: string;

  before(async () => {
    app = await runProgram(manager);
    url = await app.listen({ port: 0, host: "127.0.0.1" });
  });
  after(async () => {
    app.server.closeAllConnections();
    await app.close();
    await manager.close();
  });

  const open = (headers: ClientOptions["headers"] = {}): WebSocket =>
    new WebSocket(`${url.replace("http", "ws")}/chat`, { headers });

  async function refusal(webSocket: WebSocket): Promise<number | undefined> {
    const [, { statusCode }] = (await once(webSocket, "unexpected-response")) as [unknown, { statusCode?: number }];
    webSocket.on("error", () => {});
    webSocket.terminate();
    return statusCode;
  }

  test("is closed when its user signs out in another request", async () => {
    const cookie = await cookieFor(manager);
    const webSocket = open({ cookie });
    await once(webSocket, "open");
    const closed = once(webSocket, "close");
    await fetch(`${url}/logout`, { method: "POST", headers: { cookie } });
    assert.deepEqual((await closed).map(String), ["4401", "Signed out"]);
  });

  test("has the session of its user, and writes what it commits", async () => {
    const cookie = await cookieFor(manager, "bob");
    const webSocket = open({ cookie });
    await once(webSocket, "open");
    webSocket.send("hello");
    assert.equal(String((await once(webSocket, "message"))[0]), "bob said hello");
    const [info] = (await manager.list("bob")).sessions;
    assert.equal((await store.load(info?.sid ?? ""))?.data, '{"last":"hello"}');
    webSocket.close();
    await once(webSocket, "close");
  });

  test("is refused with a 401 when no user is signed in", async () => {
    assert.equal(await refusal(open()), 401);
  });

  test("I1: is refused with a 403 when a page of another site asks for it", async () => {
    const headers = { cookie: await cookieFor(manager), origin: "https://evil.example" };
    assert.equal(await refusal(open(headers)), 403);
  });

  test("P1: is refused with a 503 while the store is down", async () => {
    const headers = { cookie: await cookieFor(manager) };
    store.fail("load");
    assert.equal(await refusal(open(headers)), 503);
    store.recover();
  });

  test("can be tested with injectWS", async () => {
    const webSocket = await app.injectWS("/chat", { headers: { cookie: await cookieFor(manager) } });
    assert.equal(webSocket.readyState, WebSocket.OPEN);
    webSocket.terminate();
    await assert.rejects(app.injectWS("/chat", {}), /401/);
  });
});
