// A Redis or Valkey server of a test file's own: a free port of 127.0.0.1, an empty folder, ended with the process.

import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "./free-port.ts";
import { ask, type Reply } from "./redis-ask.ts";
import { endProgram, ownedFolder, retried, startProgram } from "./redis-program.ts";

export interface RedisServer {
  readonly port: number;
  readonly url: string;
  /** Of the process that runs now; another one after `restart`. */
  readonly pid: number;
  /** Sends one command over a connection of its own, without a password. Rejects with what Redis calls an error. */
  ask(...command: readonly string[]): Promise<Reply>;
  /** Halts the process (SIGSTOP): its connections stay open, and nobody answers. */
  pause(): void;
  /** Lets it go on (SIGCONT). It then does all that it was sent meanwhile. */
  resume(): void;
  /** Ends the process as a power cut would, and waits until it is gone. */
  kill(): Promise<void>;
  /** Kills it if it still runs, and starts it again on the same port, with the data of before where `args` let it keep any. */
  restart(): Promise<void>;
  /** Ends the server for good, waits until it is gone, and removes its folder. */
  close(): Promise<void>;
}

const READY = "Ready to accept connections";

/** Starts a server that keeps nothing on disk; `args` are added to its command line and win. Its folder is made in `disk`. */
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
