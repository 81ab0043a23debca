// Runs other programs to their end and keeps their output, so that only failures are shown.
import { spawn } from "node:child_process";
import { root } from "./repository.mjs";

const ENDINGS = ["SIGINT", "SIGTERM", "SIGHUP"];

/**
 * Runs a program in the repository's root, or in `options.cwd`.
 * @returns {Promise<{ code: number, output: string }>} never rejects; a program that cannot start has code 127
 */
export function run(command, args, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"], ...options });
    // Otherwise an installation would go on behind the next start.
    const stop = (signal) => {
      child.kill(signal);
      process.kill(process.pid, signal);
    };
    for (const signal of ENDINGS) process.once(signal, stop);
    child.on("close", () => {
      for (const signal of ENDINGS) process.off(signal, stop);
    });
    let output = "";
    const keep = (chunk) => {
      output += chunk;
    };
    child.stdout.setEncoding("utf8").on("data", keep);
    child.stderr.setEncoding("utf8").on("data", keep);
    child.on("error", (error) => resolve({ code: 127, output: error.message }));
    child.on("close", (code) => resolve({ code: code ?? 1, output }));
  });
}

/** Runs npm: the one that started this process, else the one on PATH. */
export function npm(args, options = {}) {
  const cli = process.env.npm_execpath ?? "";
  if (cli.endsWith("npm-cli.js")) return run(process.execPath, [cli, ...args], options);
  return run("npm", args, { shell: process.platform === "win32", ...options });
}
