// Ports for servers that tests start, end and start again.

import { once } from "node:events";
import { createServer, type Server } from "node:net";

/** Below the ports that a system chooses by itself: on Linux these begin at 32,768. */
const FIRST = 10_000;
const RANGES = 110;
const RANGE = 200;

let range: Promise<number> | undefined;
let asked = 0;

/**
 * A free port that no other test process receives while this one runs: a server that ended can start on it again, and
 * two that start at once never get the same.
 */
export async function freePort(): Promise<number> {
  range ??= takeRange();
  const first = await range;
  for (let i = 1; i < RANGE; i++) {
    const port = first + 1 + (asked++ % (RANGE - 1));
    const server = await listenOn(port);
    if (server === null) continue;
    server.close();
    await once(server, "close");
    return port;
  }
  throw new Error(`No port from ${first + 1} to ${first + RANGE - 1} is free.`);
}

/** The process that listens on the first port of a range owns the range. */
async function takeRange(): Promise<number> {
  for (let i = 0; i < RANGES; i++) {
    const first = FIRST + ((process.pid + i) % RANGES) * RANGE;
    const server = await listenOn(first);
    if (server !== null) return server.unref() && first;
  }
  throw new Error("Every range of ports is taken.");
}

/** `null` when another process listens there. */
function listenOn(port: number): Promise<Server | null> {
  const server = createServer().listen(port, "127.0.0.1");
  return once(server, "listening").then(
    () => server,
    () => null,
  );
}
