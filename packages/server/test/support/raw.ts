// Bytes on a socket, for what no client library would send.

import { connect, type Socket } from "node:net";

export function openSocket(url: string): Socket {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.on("error", () => {}); // a reset after the answer is the server's right
  return socket;
}

/** Resolves when the connection is over, also by a reset. */
export function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.once("close", () => resolve());
  });
}

/** Sends the bytes; what comes back until the server closes the connection. */
export async function raw(url: string, ...chunks: (string | Buffer)[]): Promise<string> {
  const socket = openSocket(url);
  let answer = "";
  socket.setEncoding("latin1").on("data", (text) => {
    answer += text;
  });
  for (const chunk of chunks) socket.write(chunk);
  await closed(socket);
  return answer;
}
