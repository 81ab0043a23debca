// A Redis or Valkey server for one test file, on a free port of 127.0.0.1 and in an empty folder; it ends with the
// process.

import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "./free-port.ts";
import { ask, type Reply } from "./redis-ask.ts";
import { endProgram, ownedFolder, retried, startProgram } from "./redis-program.ts";

export interface RedisServer {
  readonly port: number;
  readonly url: string;
  /** The pid of the present process; another one after `restart`. */
  readonly pid: number;
  /** Sends one command over a connection of its own, without a password. Rejects for an error reply. */
  ask(...command: readonly string[]): Promise<Reply>;
  /** Halts the process (SIGSTOP): its connections stay open without an answer. */
  pause(): void;
  /** Continues the process (SIGCONT), which then executes everything that it was sent meanwhile. */
  resume(): void;
  /** Kills the process, as a power cut would, and waits until it is gone. */
  kill(): Promise<void>;
  /**
   * Kills the server if it still runs, and starts it again on the same port, with its former data if `args` made it
   * keep any.
   */
  restart(): Promise<void>;
  /** Ends the server for good, waits until it is gone, and removes its folder. */
  close(): Promise<void>;
}

const READY = "Ready to accept connections";

/**
 * Starts a server that keeps nothing on disk; `args` are added to its command line and override it. Its folder is in
 * `disk`.
 */
export function startRedis(args: readonly string[] = [], disk = tmpdir()): Promise<RedisServer> {
  return retried(async () => startOn(await freePort(), args, disk));
}

async function startOn(port: number, args: readonly string[], disk: string): Promise<RedisServer> {
  const folder = mkdtempSync(join(disk, "sessile-redis-"));
  const remove = ownedFolder(folder);
  const settings = ["--port", String(port), "--bind", "127.0.0.1", "--dir", folder, "--save", "", "--appendonly", "no"];
  const start = () => startProgram([...settings, ...args], READY);
  let child = await start().catch((error) => {
    remove();
    throw error;
  });
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    get pid() {
      return child.pid as number;
    },
    ask: (...command) => ask(port, command),
    pause: () => void child.kill("SIGSTOP"),
    resume: () => void child.kill("SIGCONT"),
    kill: () => endProgram(child),
    restart: async () => {
      await endProgram(child);
      child = await start();
    },
    close: async () => {
      await endProgram(child);
      remove();
    },
  };
}
