// The end of connections when the server stops: requests under way finish, and connections without one are closed.

import type { Socket } from "node:net";
import type { FastifyInstance } from "fastify";

/**
 * Node ends idle connections by itself, except two kinds:
 * - those that never sent a request, such as a browser opens in advance;
 * - those that are busy now, which would stay open for `keepAliveTimeout` after their answer.
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
