// A PostgreSQL for one test file, on a free port of 127.0.0.1 and in a new folder; it ends with the process. `npm test`
// finds the program. Postgres refuses to run as root, so root starts it as an unprivileged user.

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { chmodSync, chownSync, copyFileSync, mkdtempSync, readFileSync, realpathSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { createInterface } from "node:readline";
import type { Certificate } from "./certificate.ts";
import { freePort } from "./free-port.ts";
import { atExit, endProgram, ownedFolder, retried } from "./redis-program.ts";
import { waitUntil } from "./wait-until.ts";

export interface PostgresServer {
  readonly port: number;
  /** Signs in as the superuser `postgres`, without a password. */
  readonly url: string;
  /** Halts all of its processes (SIGSTOP): connections stay open without an answer. */
  pause(): void;
  /** Continues its processes (SIGCONT). */
  resume(): void;
  /** Kills all of its processes at once, as a power cut would, and waits until they are gone. */
  kill(): Promise<void>;
  /** Kills the server if it still runs, and starts it again on the same port and folder. */
  restart(): Promise<void>;
  /** Ends the server for good and removes its folder. */
  close(): Promise<void>;
}

/** Why the tests have no PostgreSQL; `false` when they have one. For the option `skip` of a test. */
export const withoutPostgres: string | false = process.env["SESSILE_POSTGRES"]
  ? false
  : process.env["SESSILE_POSTGRES_MISSING"] || "SESSILE_POSTGRES names no program";

/** A replica reports "ready to accept read-only connections". */
const READY = /ready to accept .*connections/;
const NOBODY = 65534;
/** For programs that refuse to run as root. */
export const UNPRIVILEGED: { readonly uid?: number; readonly gid?: number } =
  process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};

/**
 * Starts a server that does not wait for the disk; `settings` such as `max_connections=5` override its own. `copyOf`
 * makes it a replica of another server. With a `certificate` it takes TLS connections, too.
 */
export function startPostgres(
  settings: readonly string[] = [],
  copyOf?: PostgresServer,
  certificate?: Certificate,
): Promise<PostgresServer> {
  return retried(async () => startOn(await freePort(), settings, copyOf, certificate));
}

async function startOn(
  port: number,
  settings: readonly string[],
  copyOf?: PostgresServer,
  certificate?: Certificate,
): Promise<PostgresServer> {
  const folder = mkdtempSync(join(tmpdir(), "sessile-postgres-"));
  const remove = ownedFolder(folder);
  if (UNPRIVILEGED.uid !== undefined) chownSync(folder, UNPRIVILEGED.uid, UNPRIVILEGED.gid as number);
  const data = join(folder, "data");
  if (copyOf === undefined) runOnce("initdb", ["-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", ...LOCALE]);
  else runOnce("pg_basebackup", ["-d", copyOf.url, "-D", data, "-R", "-c", "fast", "-X", "stream", "--no-sync"]);
  const tls = certificate === undefined ? [] : tlsSettings(certificate, folder);
  const own = [`port=${port}`, "listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off"];
  const all = [...own, ...tls, ...settings];
  const start = () => startProcess(["-D", data, ...all.flatMap((setting) => ["-c", setting])]);
  let child = await start().catch((error) => {
    remove();
    throw error;
  });
  const end = async () => {
    signal(child.pid as number, "SIGSTOP"); // it starts no further one
    const children = childrenOf(child);
    for (const pid of children) signal(pid, "SIGKILL");
    await endProgram(child);
    // A server that starts while one of them still holds the shared memory gives up.
    await waitUntil("the last process is gone", () => !children.some(isRunning));
  };
  const signalAll = (name: NodeJS.Signals) => {
    for (const pid of [child.pid as number, ...childrenOf(child)]) signal(pid, name);
  };
  return {
    port,
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    pause: () => signalAll("SIGSTOP"),
    resume: () => signalAll("SIGCONT"),
    kill: end,
    restart: async () => {
      await end();
      child = await start();
    },
    close: async () => {
      await end();
      remove();
    },
  };
}

/** Postgres reads no key that belongs to another user. */
function tlsSettings({ certFile, keyFile }: Certificate, folder: string): readonly string[] {
  const copies = [certFile, keyFile].map((file) => {
    const copy = join(folder, basename(file));
    copyFileSync(file, copy);
    chmodSync(copy, 0o600);
    if (UNPRIVILEGED.uid !== undefined) chownSync(copy, UNPRIVILEGED.uid, UNPRIVILEGED.gid as number);
    return copy;
  });
  return ["ssl=on", `ssl_cert_file=${copies[0]}`, `ssl_key_file=${copies[1]}`];
}

const LOCALE = ["--locale=C", "--no-sync"];

function startProcess(args: readonly string[]): Promise<ChildProcess> {
  const child = spawn(programOf("postgres"), [...args], {
    ...UNPRIVILEGED,
    env: environment(),
    stdio: ["ignore", "ignore", "pipe"],
  });
  const forget = atExit(() => {
    for (const pid of childrenOf(child)) signal(pid, "SIGKILL");
    child.kill("SIGKILL");
  });
  child.once("exit", forget);
  const said: string[] = [];
  return new Promise((resolve, reject) => {
    createInterface({ input: child.stderr as NonNullable<ChildProcess["stderr"]> }).on("line", (line) => {
      if (READY.test(line)) resolve(child);
      if (said.length < 100) said.push(line);
    });
    child.once("error", reject);
    child.once("exit", () => reject(new Error(`PostgreSQL ended at once. It said:\n${said.join("\n")}`)));
  });
}

function runOnce(program: string, args: readonly string[]): void {
  const { status, stderr, error } = spawnSync(programOf(program), args, {
    ...UNPRIVILEGED,
    env: environment(),
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`${program} failed: ${stderr || error}`);
}

/** Each process of a server has a group of its own. */
function childrenOf({ pid }: ChildProcess): readonly number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {}
}

/** False for one that has ended, whether or not its exit status was read. */
function isRunning(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

function programOf(name: string): string {
  return join(dirname(realpathSync(process.env["SESSILE_POSTGRES"] ?? "")), name);
}

function environment(): NodeJS.ProcessEnv {
  const libraries = process.env["SESSILE_POSTGRES_LIBRARY_PATH"];
  return { ...process.env, LC_ALL: "C", ...(libraries && { LD_LIBRARY_PATH: libraries }) };
}
