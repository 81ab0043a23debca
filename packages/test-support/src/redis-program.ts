// The redis-server or valkey-server program: its path, the start of one process, and its end with this process.

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { createInterface } from "node:readline";

/** A signal alone would end this process without its `exit` listeners, and leave its servers running. */
for (const [signal, code] of Object.entries({ SIGHUP: 129, SIGINT: 130, SIGTERM: 143 })) {
  process.once(signal, () => process.exit(code));
}

const leftovers = new Set<() => void>();
process.once("exit", () => {
  for (const end of leftovers) end();
});

/** Calls `end` when this process ends, unless the returned function is called before. */
export function atExit(end: () => void): () => void {
  leftovers.add(end);
  return () => leftovers.delete(end);
}

/** Removes a folder when this process ends, or earlier by the returned function. */
export function ownedFolder(folder: string): () => void {
  // A child of the ended server may still be writing a snapshot.
  const remove = () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  const forget = atExit(remove);
  return () => {
    forget();
    remove();
  };
}

/**
 * Starts a process and waits until it has printed `ready`. Reads on afterwards, so that the process never waits for a
 * full pipe.
 */
export async function startProgram(args: readonly string[], ready: string): Promise<ChildProcess> {
  const child = spawn(findProgram(), [...args], { env: environment(), stdio: ["ignore", "pipe", "inherit"] });
  const forget = atExit(() => child.kill("SIGKILL"));
  child.once("exit", forget);
  try {
    await untilPrinted(child, ready);
  } catch (error) {
    await endProgram(child);
    throw error;
  }
  return child;
}

/** Kills a process, as a power cut would, and waits until it is gone. */
export async function endProgram(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
}

/** Another program may take a port between the check and the server's start, so a start is tried a few times. */
export async function retried<T>(start: () => Promise<T>, attempts = 5): Promise<T> {
  try {
    return await start();
  } catch (error) {
    if (attempts === 1) throw error;
    return retried(start, attempts - 1);
  }
}

function untilPrinted(child: ChildProcess, ready: string): Promise<void> {
  const said: string[] = [];
  return new Promise((resolve, reject) => {
    createInterface({ input: child.stdout as NonNullable<ChildProcess["stdout"]> }).on("line", (line) => {
      if (line.includes(ready)) resolve();
      if (said.length < 100) said.push(line);
    });
    child.once("error", reject);
    child.once("exit", () => reject(new Error(`The Redis server ended at once. It said:\n${said.join("\n")}`)));
  });
}

let found: string | undefined;

function findProgram(): string {
  found ??= process.env["SESSILE_REDIS_SERVER"] || onPath();
  if (found !== undefined) return found;
  throw new Error("There is no `redis-server` or `valkey-server` on PATH. Run `npm test`: it brings one where it can.");
}

function onPath(): string | undefined {
  return ["redis-server", "valkey-server"].find((name) => spawnSync(name, ["--version"]).status === 0);
}

function environment(): NodeJS.ProcessEnv {
  const libraries = process.env["SESSILE_REDIS_LIBRARY_PATH"];
  return libraries ? { ...process.env, LD_LIBRARY_PATH: libraries } : process.env;
}
