// The program for Socket.IO of docs/guide/websockets.md, run with a manager of the test.

import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import type { Server as HttpServer } from "node:http";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { transformSync } from "esbuild";
import type { Session } from "sessile";
import type { Server } from "socket.io";
import { io as connect, type Socket } from "socket.io-client";
import { listen } from "./support/listen.ts";
import { cookieFor, testManager } from "./support/session-server.ts";

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));
const { manager, store } = testManager();

/** Runs the program of the guide with `manager`. */
async function recipe(): Promise<{ server: HttpServer; io: Server }> {
  const code = readFileSync(join(ROOT, "examples/guide/socket-io.ts"), "utf8");
  const program = code
    .replace(/^const manager = .*$/m, "const { manager } = globalThis.recipe;")
    .replace(/^server\.listen.*$/m, "export { io, server };");
  assert.match(program, /globalThis\.recipe;[\s\S]*export \{ io, server \}/);
  const folder = join(ROOT, "packages/sessile/build-test/recipes");
  mkdirSync(folder, { recursive: true });
  const file = join(folder, "socket-io-as-written.mjs");
  writeFileSync(file, transformSync(program, { loader: "ts", format: "esm" }).code);
  Object.assign(globalThis, { recipe: { manager } });
  return (await import(pathToFileURL(file).href)) as { server: HttpServer; io: Server };
}

/** The payload of the next event of this name. */
function first(emitter: { once(event: string, listener: (...values: unknown[]) => void): unknown }, event: string) {
  return new Promise<unknown[]>((resolve) => emitter.once(event, (...values) => resolve(values)));
}

describe("the recipe for Socket.IO", () => {
  let url: string;
  let io: Server;
  let close: () => Promise<void>;

  before(async () => {
    const running = await recipe();
    io = running.io;
    ({ url, close } = await listen(running.server));
  });
  after(async () => {
    await io.close();
    await close();
    await manager.close();
  });

  const ask = (transport: string, extraHeaders: Record<string, string>): Socket =>
    connect(url, { transports: [transport], extraHeaders, reconnection: false, forceNew: true });

  /** Why a client was refused. */
  async function refusal(client: Socket): Promise<string> {
    const [{ message }] = (await first(client, "connect_error")) as [Error];
    client.close();
    return message;
  }

  for (const transport of ["polling", "websocket"]) {
    test(`by ${transport}, a signed-in user is let in, and cut off when the session ends`, async () => {
      const client = ask(transport, { cookie: await cookieFor(manager, "anna") });
      await first(client, "connect");
      const ended = first(client, "disconnect");
      assert.equal(await manager.revokeUser("anna"), 1);
      assert.deepEqual((await ended)[0], "io server disconnect");
    });

    test(`by ${transport}, no other client is let in`, async () => {
      assert.equal(await refusal(ask(transport, {})), "Not authenticated");
      assert.equal(await refusal(ask(transport, { cookie: "__Host-session=ses_nonsense" })), "Not authenticated");
    });

    test(`P1: by ${transport}, a store that is down lets no client in, and the process lives`, async () => {
      const cookie = await cookieFor(manager, "bob");
      store.fail();
      assert.match(await refusal(ask(transport, { cookie })), /error/);
      store.recover();
      const client = ask(transport, { cookie });
      await first(client, "connect");
      client.close();
    });

    test(`by ${transport}, a socket reads the session, and a change that could not be kept throws`, async () => {
      const connected = first(io, "connection");
      const client = ask(transport, { cookie: await cookieFor(manager, "carl") });
      const [{ request }] = (await connected) as [{ request: { session: Session } }];
      await first(client, "connect");
      assert.equal(request.session.userId, "carl");
      assert.throws(() => request.session.set("kept", 1), { code: "ERR_SESSION_STATE" });
      client.close();
    });
  }

  test("I1: a page of another site opens no WebSocket with the cookie", async () => {
    const headers = { cookie: await cookieFor(manager, "dora"), origin: "https://evil.example" };
    assert.match(await refusal(ask("websocket", headers)), /error/);
  });

  test("a client that begins by long polling and goes on as a WebSocket is cut off as well", async () => {
    const client = connect(url, { extraHeaders: { cookie: await cookieFor(manager, "eve") }, reconnection: false });
    await first(client, "connect");
    if (client.io.engine.transport.name !== "websocket") await first(client.io.engine, "upgrade");
    const ended = first(client, "disconnect");
    await manager.revokeUser("eve");
    assert.deepEqual((await ended)[0], "io server disconnect");
  });
});
