// Unpacks FastAPI from Debian's packages, and starts its programs as servers.
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { downloadPackage } from "../../tools/debian/apt.mjs";
import { unpack } from "../../tools/debian/unpack.mjs";
import { findOnPath } from "../../tools/programs/path.mjs";
import { run } from "../../tools/ready/command.mjs";
import { inRoot } from "../../tools/ready/repository.mjs";
import { CORES, isPinned } from "./processes.mjs";

const HOME = inRoot(".cache/fastapi");
const PACKAGES = ["python3-fastapi", "python3-uvicorn", "python3-redis"];

/** The Python path of FastAPI. Throws with the reason when it is not available. */
export async function findFastapi() {
  const path = join(HOME, "usr/lib/python3/dist-packages");
  for (const PYTHONPATH of ["", path]) if (await works({ PYTHONPATH })) return { PYTHONPATH };
  if (!findOnPath("apt-get") || !findOnPath("dpkg"))
    throw new Error("FastAPI is not installed, and there is no apt-get");
  await bring();
  if (await works({ PYTHONPATH: path })) return { PYTHONPATH: path };
  throw new Error("FastAPI from Debian's packages does not run here");
}

async function works(env) {
  const check = ["-c", "import fastapi, uvicorn, redis"];
  return (await run("python3", check, { env: { ...process.env, ...env } })).code === 0;
}

async function bring() {
  process.stderr.write("Fetching FastAPI (first run only)…\n");
  const draft = `${HOME}.${process.pid}`;
  try {
    for (const name of PACKAGES) {
      const folder = join(draft, name);
      mkdirSync(folder, { recursive: true });
      await unpack(await downloadPackage(folder, name), join(draft, "root"));
    }
    rmSync(HOME, { recursive: true, force: true });
    renameSync(join(draft, "root"), HOME);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

/** A server like those of `startServer`. Its CPU time is the system's figure. */
export async function startFastapi(program, sessions, env, { folder }) {
  const port = await freePort();
  const options = ["--host", "127.0.0.1", "--port", String(port), "--no-access-log", "--log-level", "warning"];
  const command = ["python3", "-m", "uvicorn", `${program}:app`, ...options];
  const pinned = isPinned ? ["taskset", "-c", String(CORES.server), ...command] : command;
  const cwd = fileURLToPath(new URL("../servers/fastapi/", import.meta.url));
  const child = spawn(pinned[0], pinned.slice(1), {
    cwd,
    env: { ...process.env, ...env, PYTHONDONTWRITEBYTECODE: "1", SESSIONS_DB: join(folder, `fastapi-${program}.db`) },
    stdio: ["ignore", "ignore", "inherit"],
  });
  process.once("exit", () => child.kill("SIGKILL"));
  await until(() => fetch(`http://127.0.0.1:${port}/profile`));
  const headersFile = join(folder, `headers-fastapi-${program}.json`);
  writeFileSync(headersFile, JSON.stringify(await signIns(port, sessions)));
  let before = 0;
  const answers = {
    begin: () => {
      before = cpuOf(child.pid);
    },
    end: () => ({ cpuMicros: cpuOf(child.pid) - before, delay: { p99: Number.NaN, max: Number.NaN } }),
  };
  return {
    port,
    headersFile,
    ask: async (question) => answers[question](),
    stop: async () => void child.kill("SIGKILL"),
  };
}

async function signIns(port, sessions) {
  const lines = [];
  for (let i = 0; i < sessions; i++) {
    const answer = await fetch(`http://127.0.0.1:${port}/login`, { method: "POST" });
    lines.push(`X-Session-Token: ${(await answer.json()).session_token}`);
  }
  return sessions === 0 ? [`X-Session-Token: ${"0".repeat(43)}`] : lines;
}

/** Microseconds of all threads, by the system's account. */
function cpuOf(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10_000;
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

async function until(act) {
  for (let i = 0; ; i++) {
    try {
      return await act();
    } catch (error) {
      if (i === 200) throw error;
      await pause(100);
    }
  }
}
