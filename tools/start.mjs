// `npm start`: makes everything ready, then runs the server and stands aside.
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { requireNode20 } from "./ready/node-version.mjs";
import { installPackages } from "./ready/packages.mjs";
import { whenNpmEnds } from "./ready/parent.mjs";
import { explain } from "./ready/problem.mjs";
import { inRoot } from "./ready/repository.mjs";
import { findRuntime } from "./ready/runtime.mjs";
import { runScript } from "./ready/script.mjs";

try {
  requireNode20();
  const node = await makeReady();
  serve(node, process.argv.slice(2));
} catch (error) {
  explain(error);
  process.exitCode = 1;
}

/** Installs and builds what is missing; returns the Node that can run the server. */
async function makeReady() {
  const [node] = await Promise.all([findRuntime(), installPackages().then(() => runScript("build:server"))]);
  return node;
}

/** Runs the server in this process's place: same terminal, same signals, same end. */
function serve(node, args) {
  const server = spawn(node, [inRoot("packages/server/dist/cli.js"), "serve", ...args], { stdio: "inherit" });
  passSignals(server);
  server.on("error", (error) => {
    explain(error);
    process.exit(1);
  });
  server.on("exit", (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
}

function passSignals(server) {
  let told = false;
  const pass = (signal) => {
    told = true;
    if (!reachesAll(signal)) server.kill(signal);
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, pass);
  whenNpmEnds(() => told || server.kill("SIGTERM"));
}

// Ctrl-C in a terminal reaches the server by itself; passing it on would count as pressing it twice.
const reachesAll = (signal) => signal === "SIGINT" && Boolean(process.stdin.isTTY || process.stdout.isTTY);
