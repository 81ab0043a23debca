// How connections end when the server stops: no request that has begun is lost, and no connection without one is waited for.

import type { Socket } from "node:net";
import type { FastifyInstance } from "fastify";

/**
 * Node ends idle connections by itself, but neither those that have never sent a request, such as a browser opens in advance,
 * nor those that are busy now: these would stay open after their answer, for as long as `keepAliveTimeout`.
 */
export function endConnectionsOnClose(app: FastifyInstance): void {
  const silent = new Set<Socket>();
  let isStopping = false;
  app.server.on("connection", (socket: Socket) => {
    silent.add(socket);
    socket.once("close", () => silent.delete(socket));
  });
  app.addHook("onRequest", async ({ raw }) => void silent.delete(raw.socket));
  app.addHook("onSend", async (_request, reply) => {
    if (isStopping) reply.header("connection", "close");
  });
  app.addHook("preClose", async () => {
    isStopping = true;
    for (const socket of silent) socket.destroySoon();
  });
}
