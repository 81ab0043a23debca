// Ports for servers that tests start, end and start again. Knows no server.

import { once } from "node:events";
import { createServer, type Server } from "node:net";

/** Below those that a system gives to whoever connects or asks for any port: on Linux these begin at 32,768. */
const FIRST = 10_000;
const RANGES = 110;
const RANGE = 200;

let range: Promise<number> | undefined;
let asked = 0;

/**
 * A port that is free, and that no other test process is given while this one runs: a server that ended can begin on it again, and
 * two that start at once do not get the same.
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

/** Whoever listens on the first port of a range has the range. */
async function takeRange(): Promise<number> {
  for (let i = 0; i < RANGES; i++) {
    const first = FIRST + ((process.pid + i) % RANGES) * RANGE;
    const server = await listenOn(first);
    if (server !== null) return server.unref() && first;
  }
  throw new Error("Every range of ports is taken.");
}

/** `null` when somebody else does. */
function listenOn(port: number): Promise<Server | null> {
  const server = createServer().listen(port, "127.0.0.1");
  return once(server, "listening").then(
    () => server,
    () => null,
  );
}
