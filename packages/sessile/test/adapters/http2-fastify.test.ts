import { Readable } from "node:stream";
import Fastify from "fastify";
import { sessions } from "sessile/fastify";
import { bigChunks, http2Tests } from "./support/http2-client.ts";

http2Tests("Fastify", async (manager) => {
  const app = Fastify({ http2: true });
  await app.register(sessions, { manager });
  app.post("/login", async ({ session }, reply) => {
    await session.signIn("anna");
    return reply.code(201).header("set-cookie", "theme=dark").send("in");
  });
  app.route({
    method: ["GET", "POST"],
    url: "/profile",
    handler: async ({ session }) => session.require().userId,
  });
  app.post("/write", async ({ session }) => {
    session.set("kept", 1);
    return "kept";
  });
  app.post("/raw", ({ session }, reply) => {
    session.set("kept", 1);
    reply.hijack();
    reply.raw.writeHead(200, { "x-own": "yes" });
    reply.raw.write("ke");
    reply.raw.end("pt");
  });
  app.get("/big", async ({ session }) => {
    session.set("big", 1);
    return Readable.from(bigChunks());
  });
  app.post("/throw", async ({ session }) => {
    session.set("kept", 1);
    throw new Error("broken");
  });
  return { url: await app.listen({ port: 0, host: "127.0.0.1" }), close: () => app.close() };
});
