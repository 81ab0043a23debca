// Starts a server of node:http or node:http2 on a free port.

import type { AddressInfo, Server } from "node:net";

export interface Listening {
  readonly url: string;
  readonly close: () => Promise<void>;
}

export function listen(server: Server & { closeAllConnections?: () => void }): Promise<Listening> {
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections?.();
    });
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      resolve({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close });
    });
  });
}
