// A process that holds the write lock of a database until it is told to let go, or for a while.

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { openRaw } from "./raw.ts";

const FILE = fileURLToPath(import.meta.url);

/**
 * Resolves once the lock is held. The process ends, and with it the lock, on `kill` or `disconnect`, or after `holdFor`
 * ms.
 */
export async function lock(path: string, holdFor = 60_000): Promise<ChildProcess> {
  const child = fork(FILE, [path, String(holdFor)]);
  await once(child, "message");
  return child;
}

if (process.argv[1] === FILE) {
  const database = openRaw(process.argv[2] as string);
  database.exec("PRAGMA busy_timeout = 5000; BEGIN EXCLUSIVE");
  // Also keeps the garbage collector from closing the connection, and the lock with it.
  const letGo = (): never => {
    database.close();
    process.exit();
  };
  process.on("disconnect", letGo);
  setTimeout(letGo, Number(process.argv[3]));
  process.send?.("locked");
}
