// Starts a server of node:http or node:http2 on a free port.

import type { AddressInfo, Server, Socket } from "node:net";

export interface Listening {
  readonly url: string;
  readonly close: () => Promise<void>;
}

/** Closing cuts what is still connected: some tests leave requests behind on purpose. */
export function listen(server: Server): Promise<Listening> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    });
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      resolve({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close });
    });
  });
}
