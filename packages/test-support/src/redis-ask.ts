// A single question to a Redis server over a connection of its own, without any of the client libraries under test.

import { once } from "node:events";
import { connect } from "node:net";

export type Reply = string | number | null | readonly Reply[];

/** Sends one command to a port of 127.0.0.1. Rejects for an error reply, and when no server answers. */
export async function ask(port: number, command: readonly string[]): Promise<Reply> {
  const socket = connect(port, "127.0.0.1").setEncoding("latin1");
  const closed = once(socket, "close").then(() => Promise.reject(new Error(`Port ${port} did not answer.`)));
  closed.catch(() => {});
  try {
    await Promise.race([once(socket, "connect"), closed]);
    socket.write(encode(command));
    return await Promise.race([readReply(socket), closed]);
  } finally {
    socket.destroy();
  }
}

/** The lines of an `INFO`, `CLUSTER INFO` and the like, by name. */
export function parseInfo(text: Reply): Record<string, string> {
  const lines = String(text).matchAll(/^([^:#\r\n]+):(.*?)\r?$/gm);
  return Object.fromEntries(Array.from(lines, ([, name, value]) => [name, value]));
}

function encode(command: readonly string[]): string {
  return `*${command.length}\r\n${command.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join("")}`;
}

async function readReply(socket: AsyncIterable<string>): Promise<Reply> {
  let text = "";
  for await (const chunk of socket) {
    text += chunk;
    const parsed = parse(text, 0);
    if (parsed === null) continue;
    if (parsed.reply instanceof Error) throw parsed.reply;
    return parsed.reply;
  }
  throw new Error("The connection ended before the reply.");
}

interface Parsed {
  readonly reply: Reply | Error;
  readonly end: number;
}

/** One reply of RESP 2 that begins at `start`; `null` while it is incomplete. */
function parse(text: string, start: number): Parsed | null {
  const line = text.indexOf("\r\n", start);
  if (line === -1) return null;
  const rest = text.slice(start + 1, line);
  const end = line + 2;
  switch (text[start]) {
    case "+":
      return { reply: rest, end };
    case "-":
      return { reply: new Error(rest), end };
    case ":":
      return { reply: Number(rest), end };
    case "$":
      return parseText(text, end, Number(rest));
    default:
      return parseList(text, end, Number(rest));
  }
}

function parseText(text: string, start: number, length: number): Parsed | null {
  if (length === -1) return { reply: null, end: start };
  const end = start + length + 2;
  return text.length < end ? null : { reply: text.slice(start, end - 2), end };
}

function parseList(text: string, start: number, length: number): Parsed | null {
  const items: Reply[] = [];
  let end = start;
  for (let i = 0; i < length; i++) {
    const item = parse(text, end);
    if (item === null) return null;
    items.push(item.reply instanceof Error ? item.reply.message : item.reply);
    end = item.end;
  }
  return { reply: length === -1 ? null : items, end };
}
