// Starts servers and the load, each on a core of its own, and sends them one message at a time.
import { fork } from "node:child_process";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { findOnPath } from "../../tools/programs/path.mjs";

/** Servers run on the first core; the load, and a Redis, on the second. */
export const CORES = { server: 0, load: 1 };

/** Whether the two are kept apart; shown beside the results. */
export const isPinned = availableParallelism() > 1 && findOnPath("taskset") !== undefined;

/**
 * Options against two effects of chance. V8 lets the objects of a program's start decide which later objects it makes
 * old at once; if those belong to requests, each keeps the whole request through several collections, and the process
 * takes twice the CPU time until it ends, with any library. And the young generation grows to a random size, so its
 * size is fixed.
 */
const STEADY = ["--no-allocation-site-pretenuring", "--min-semi-space-size=16", "--max-semi-space-size=16"];

let servers = 0;

/** Starts `lib/serve.mjs`. `nodeArgs` are Node's own, such as `--expose-gc`; `isPlain`: V8 has its default flags. */
export async function startServer(settings, { runtime, folder, nodeArgs = [], isPlain = false }) {
  const headersFile = join(folder, `headers-${servers++}.json`);
  const args = [JSON.stringify({ folder, ...settings, headersFile })];
  const all = isPlain ? nodeArgs : [...STEADY, ...nodeArgs];
  const child = start("serve.mjs", args, { runtime, nodeArgs: all, core: CORES.server });
  const { port, pid, readyAfter } = await child.next();
  return { ...child, port, pid, readyAfter, headersFile };
}

export async function startLoad({ runtime }) {
  const child = start("load.mjs", [], { runtime, nodeArgs: [], core: CORES.load });
  await child.next();
  return child;
}

function start(file, args, { runtime, nodeArgs, core }) {
  const path = fileURLToPath(new URL(file, import.meta.url));
  const own = [...nodeArgs, "--disable-warning=ExperimentalWarning"];
  const pinned = isPinned ? ["taskset", ["-c", String(core), runtime, ...own]] : [runtime, own];
  const child = fork(path, args, {
    execPath: pinned[0],
    execArgv: pinned[1],
    env: { ...process.env, NODE_ENV: "production" },
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const { next } = inbox(child, file);
  const ask = async (question, ...args) => {
    child.send({ ask: question, args });
    return (await next()).answer;
  };
  return { pid: child.pid, next, ask, stop: () => stop(child) };
}

/** Messages in turn; a process that ends instead of answering is an error. */
function inbox(child, file) {
  let waiting = null;
  child.on("message", (message) => waiting.resolve(message));
  child.on("exit", (code) => waiting?.reject(new Error(`${file} ended with ${code}: ${child.spawnargs.at(-1)}`)));
  return {
    next: () =>
      new Promise((resolve, reject) => {
        waiting = { resolve, reject };
      }),
  };
}

async function stop(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  await new Promise((resolve) => {
    child.removeAllListeners("exit").once("exit", resolve);
    child.kill("SIGKILL");
  });
}
