// Runs a program in the place of this process, with the same terminal, signals and exit code.
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { whenNpmEnds } from "./parent.mjs";

/** Resolves with the program's exit code. */
export function runInPlace(node, args, env = {}) {
  const child = spawn(node, args, { stdio: "inherit", env: { ...process.env, ...env } });
  const stop = passSignals(child);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code, signal) => resolve(code ?? 128 + constants.signals[signal]));
  }).finally(stop);
}

/** @returns a function that ends it */
function passSignals(child) {
  let isSent = false;
  const pass = (signal) => {
    isSent = true;
    if (!reachesAll(signal)) child.kill(signal);
  };
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
  for (const signal of signals) process.on(signal, pass);
  whenNpmEnds(() => isSent || child.kill("SIGTERM"));
  return () => {
    for (const signal of signals) process.off(signal, pass);
  };
}

// Ctrl-C in a terminal reaches the child by itself; a second signal would count as pressing it twice.
const reachesAll = (signal) => signal === "SIGINT" && Boolean(process.stdin.isTTY || process.stdout.isTTY);
