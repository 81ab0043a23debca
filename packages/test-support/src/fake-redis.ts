// A server with just enough of Redis' protocol to give answers that a real one cannot be made to give. Stores nothing.

import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";

export interface FakeRedis {
  readonly port: number;
  /** The commands received, without those by which clients introduce themselves. */
  readonly heard: readonly (readonly string[])[];
  close(): Promise<void>;
}

/** The answer to a command, in RESP 2: `+OK`, `-ERR no`, `:1`. */
export type Answer = (command: readonly string[]) => string;

const INTRODUCTIONS = new Set(["CLIENT", "INFO", "SELECT", "AUTH", "PING"]);
const INFO = "redis_version:7.0.0\r\nloading:0\r\n";

/** Starts the server on a free port of 127.0.0.1. Clients must use RESP 2. */
export async function startFakeRedis(answer: Answer): Promise<FakeRedis> {
  const heard: (readonly string[])[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.setEncoding("utf8").on("error", () => {}));
    let text = "";
    socket.on("data", (piece) => {
      text += piece;
      for (let read = readCommand(text); read !== null; read = readCommand(text)) {
        text = read.rest;
        const isIntroduction = INTRODUCTIONS.has(read.command[0]?.toUpperCase() ?? "");
        if (!isIntroduction) heard.push(read.command);
        socket.write(isIntroduction ? introduce(read.command) : `${answer(read.command)}\r\n`);
      }
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const close = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, "close");
  };
  return { port, heard, close };
}

function introduce([name = ""]: readonly string[]): string {
  return name.toUpperCase() === "INFO" ? `$${INFO.length}\r\n${INFO}\r\n` : "+OK\r\n";
}

/** The first command of an ASCII text; `null` while it is incomplete. */
function readCommand(text: string): { readonly command: readonly string[]; readonly rest: string } | null {
  const [, count] = /^\*(\d+)\r\n/.exec(text) ?? [];
  if (count === undefined) return null;
  const command: string[] = [];
  let at = text.indexOf("\n") + 1;
  for (let i = 0; i < Number(count); i++) {
    const [whole, length] = /^\$(\d+)\r\n/.exec(text.slice(at, at + 20)) ?? [];
    if (whole === undefined) return null;
    const start = at + whole.length;
    at = start + Number(length) + 2;
    if (text.length < at) return null;
    command.push(text.slice(start, at - 2));
  }
  return { command, rest: text.slice(at) };
}
