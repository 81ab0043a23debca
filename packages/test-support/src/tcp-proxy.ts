// A TCP proxy on loopback that causes the faults of networks, for any protocol.

import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { freePort } from "./free-port.ts";

export interface TcpProxy {
  readonly port: number;
  /** Delays each piece of an answer by the result of a call; the order is kept. */
  delay(milliseconds: () => number): void;
  /** Limits answers to a number of bytes a second. */
  throttle(bytesPerSecond: number): void;
  /** Passes nothing on in either direction; connections stay, and new ones are accepted. */
  freeze(): void;
  /** Undoes all of these; delayed data passes. */
  restore(): void;
  /** Resets every connection. */
  reset(): void;
  /** Resets the connection of the next answer after a number of its bytes. */
  resetInsideAnswer(bytes: number): void;
  /** Resets every connection, and refuses new ones. */
  refuse(): Promise<void>;
  /** Accepts connections again. */
  accept(): Promise<void>;
  close(): Promise<void>;
}

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
  /** Pieces of answers to be sent later, in order. */
  readonly held: Held[];
}

interface Held {
  readonly bytes: Buffer;
  readonly at: number;
  readonly timer: NodeJS.Timeout;
}

/** Starts a proxy in front of a port of 127.0.0.1. Clients receive each piece of an answer as `rewrite` returns it. */
export async function startTcpProxy(
  target: number,
  rewrite: (bytes: Buffer) => Buffer = (bytes) => bytes,
): Promise<TcpProxy> {
  const pairs = new Set<Pair>();
  let [isFrozen, cutAt]: [boolean, number | null] = [false, null];
  let wait: (bytes: number) => number = () => 0;

  const listener = createServer((client) => {
    const pair: Pair = { client, server: connect(target, "127.0.0.1"), held: [] };
    pairs.add(pair);
    for (const socket of [pair.client, pair.server]) {
      socket.setNoDelay(true).on("error", () => {});
      socket.on("close", () => end(pair));
    }
    client.on("data", (bytes) => pair.server.write(bytes));
    pair.server.on("data", (bytes) => answer(pair, rewrite(bytes)));
    if (isFrozen) hold(pair);
  });

  const answer = (pair: Pair, bytes: Buffer): void => {
    if (cutAt !== null) {
      const part = bytes.subarray(0, cutAt);
      cutAt = null;
      pair.client.write(part, () => end(pair));
      return;
    }
    const at = Math.max(pair.held.at(-1)?.at ?? 0, performance.now() + wait(bytes.length));
    const pause = at - performance.now();
    if (pause <= 0 && pair.held.length === 0) pair.client.write(bytes);
    else pair.held.push({ bytes, at, timer: setTimeout(() => release(pair), pause) });
  };
  const release = ({ client, held }: Pair): void => {
    const next = held.shift();
    if (next === undefined) return;
    clearTimeout(next.timer);
    client.write(next.bytes);
  };
  const hold = ({ client, server }: Pair): void => {
    client.pause();
    server.pause();
  };
  const end = (pair: Pair): void => {
    pairs.delete(pair);
    for (const { timer } of pair.held.splice(0)) clearTimeout(timer);
    for (const socket of [pair.client, pair.server]) drop(socket);
  };
  const reset = (): void => {
    for (const pair of pairs) end(pair);
  };
  const listen = async (port: number): Promise<void> => {
    listener.listen(port, "127.0.0.1");
    await once(listener, "listening");
  };
  const stop = async (): Promise<void> => {
    reset();
    if (!listener.listening) return;
    listener.close();
    await once(listener, "close");
  };

  const port = await freePort();
  await listen(port);
  return {
    port,
    delay(milliseconds) {
      wait = milliseconds;
    },
    throttle(bytesPerSecond) {
      wait = (bytes) => (bytes / bytesPerSecond) * 1000;
    },
    freeze() {
      isFrozen = true;
      for (const pair of pairs) hold(pair);
    },
    restore() {
      [isFrozen, cutAt, wait] = [false, null, () => 0];
      for (const pair of pairs) {
        while (pair.held.length > 0) release(pair);
        pair.client.resume();
        pair.server.resume();
      }
    },
    reset,
    resetInsideAnswer(bytes) {
      cutAt = bytes;
    },
    refuse: stop,
    accept: () => listen(port),
    close: stop,
  };
}

/** A connection that one side has begun to end cannot be reset: the handle would stay, and keep the process alive. */
function drop(socket: Socket): void {
  if (socket.readyState === "open") socket.resetAndDestroy();
  else socket.destroy();
}
