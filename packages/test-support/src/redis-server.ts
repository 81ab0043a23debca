// A Redis or Valkey server of a test file's own: a free port of 127.0.0.1, an empty folder, ended with the process.

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

export interface RedisServer {
  readonly port: number;
  readonly url: string;
  readonly pid: number;
  /** Ends the server and waits until it is gone. */
  close(): Promise<void>;
}

/** A process that a signal ends runs its `exit` listeners only if it ends itself, and would leave its servers behind. */
for (const [signal, code] of Object.entries({ SIGHUP: 129, SIGINT: 130, SIGTERM: 143 })) {
  process.once(signal, () => process.exit(code));
}

/** Another program may take a free port between our looking and the server's. */
const ATTEMPTS = 5;
const READY = "Ready to accept connections";

/** Starts a server that keeps nothing on disk; `args` are added to its command line and win. */
export async function startRedis(args: readonly string[] = []): Promise<RedisServer> {
  const program = findProgram();
  for (let attempt = 1; ; attempt++) {
    try {
      return await startOn(await freePort(), program, args);
    } catch (error) {
      if (attempt === ATTEMPTS) throw error;
    }
  }
}

async function startOn(port: number, program: string, args: readonly string[]): Promise<RedisServer> {
  const folder = mkdtempSync(join(tmpdir(), "sessile-redis-"));
  const settings = ["--port", String(port), "--bind", "127.0.0.1", "--dir", folder, "--save", "", "--appendonly", "no"];
  const child = spawn(program, [...settings, ...args], { env: environment(), stdio: ["ignore", "pipe", "inherit"] });
  const end = () => {
    child.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  };
  process.once("exit", end);
  const close = async () => {
    process.off("exit", end);
    const isRunning = child.exitCode === null && child.signalCode === null;
    const exited = isRunning ? once(child, "exit") : null;
    end();
    await exited;
  };
  try {
    await untilReady(child);
  } catch (error) {
    await close();
    throw error;
  }
  return { port, url: `redis://127.0.0.1:${port}`, pid: child.pid as number, close };
}

/** Goes on reading afterwards, so that the server never waits for a full pipe. */
function untilReady(child: ChildProcess): Promise<void> {
  const said: string[] = [];
  return new Promise((resolve, reject) => {
    createInterface({ input: child.stdout as NonNullable<ChildProcess["stdout"]> }).on("line", (line) => {
      if (line.includes(READY)) resolve();
      if (said.length < 100) said.push(line);
    });
    child.once("error", reject);
    child.once("exit", () => reject(new Error(`The Redis server ended at once. It said:\n${said.join("\n")}`)));
  });
}

function findProgram(): string {
  const given = process.env["SESSILE_REDIS_SERVER"];
  if (given) return given;
  const found = ["redis-server", "valkey-server"].find((name) => spawnSync(name, ["--version"]).status === 0);
  if (found !== undefined) return found;
  throw new Error("There is no `redis-server` or `valkey-server` on PATH. Run `npm test`: it brings one where it can.");
}

function environment(): NodeJS.ProcessEnv {
  const libraries = process.env["SESSILE_REDIS_LIBRARY_PATH"];
  return libraries ? { ...process.env, LD_LIBRARY_PATH: libraries } : process.env;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
