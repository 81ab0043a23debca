// A process that holds the write lock of a database until it is told to let go, or for a while.

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { openRaw } from "./raw.ts";

const FILE = fileURLToPath(import.meta.url);

/** Resolves once the lock is held. The process ends, and with it the lock, on `kill` or `disconnect`, or after `holdFor` ms. */
export async function lock(path: string, holdFor = 60_000): Promise<ChildProcess> {
  const child = fork(FILE, [path, String(holdFor)]);
  await once(child, "message");
  return child;
}

if (process.argv[1] === FILE) {
  const database = openRaw(process.argv[2] as string);
  database.exec("PRAGMA busy_timeout = 5000; BEGIN EXCLUSIVE");
  process.on("disconnect", () => process.exit());
  setTimeout(() => process.exit(), Number(process.argv[3]));
  process.send?.("locked");
}
