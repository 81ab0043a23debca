import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { after, before, describe, test } from "node:test";
import Fastify from "fastify";
import { sessions } from "sessile/fastify";
import { cookieFor, testManager } from "./support/session-server.ts";

describe("an open stream of events of Fastify ends when the user signs out with another request", () => {
  const { manager } = testManager();
  const app = Fastify({ forceCloseConnections: true });
  let url: string;

  before(async () => {
    await app.register(sessions, { manager });
    app.get("/hijacked", (request, reply) => {
      const session = request.session.require();
      reply.hijack();
      reply.raw.writeHead(200, { "content-type": "text/event-stream" });
      reply.raw.write("data: hello\n\n");
      const stop = session.onEnded(() => reply.raw.end("event: signed-out\ndata:\n\n"));
      reply.raw.on("close", stop);
    });
    app.get("/streamed", async (request, reply) => {
      const session = request.session.require();
      const events = new PassThrough();
      events.write("data: hello\n\n");
      const stop = session.onEnded(() => events.end("event: signed-out\ndata:\n\n"));
      events.on("close", stop);
      return reply.type("text/event-stream").send(events);
    });
    app.post("/logout", async ({ session }) => {
      await session.signOut();
      return {};
    });
    url = await app.listen({ port: 0, host: "127.0.0.1" });
  });
  after(async () => {
    await app.close();
    await manager.close();
  });

  for (const path of ["/hijacked", "/streamed"]) {
    test(path, async () => {
      const cookie = await cookieFor(manager);
      const stream = await fetch(url + path, { headers: { cookie } });
      assert.deepEqual([stream.status, stream.headers.get("cache-control")], [200, "no-store"]);
      const reader = (stream.body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream()).getReader();
      assert.equal((await reader.read()).value, "data: hello\n\n");
      await fetch(`${url}/logout`, { method: "POST", headers: { cookie } });
      assert.equal((await reader.read()).value, "event: signed-out\ndata:\n\n");
      assert.equal((await reader.read()).done, true);
    });
  }
});
