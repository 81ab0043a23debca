// Runs one test file in a process group of its own, so that no process of it outlives it.
import { spawn } from "node:child_process";
import { inRoot, root } from "../ready/repository.mjs";
import { conclude, newResult, note } from "./result.mjs";

/** The longest time for a test and for a file: against hanging ones, not against slow ones. */
const LIMITS = { test: 300, file: 900 };
const LIMITS_OF_LONG = { test: 7200, file: 14_400 };
const REPORTER = new URL("reporter.mjs", import.meta.url).href;
const GROUPS = process.platform !== "win32";

const live = new Set();
process.on("exit", () => live.forEach(kill));

/** Runs a file on a Node; resolves when its process is gone, and never rejects. */
export function runFile(node, file, env) {
  const result = newResult(file);
  const limits = env.SESSILE_DEPTH === "long" ? LIMITS_OF_LONG : LIMITS;
  const child = start(node, file, env, limits);
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text) => {
      result.output += text;
    });
  }
  child.on("message", (message) => note(result, message));
  return ended(child, limits).then((exit) => conclude(result, exit));
}

function start(node, file, env, limits) {
  const flags = [`--test-timeout=${limits.test * 1000}`, `--test-reporter=${REPORTER}`];
  const stdio = ["ignore", "pipe", "pipe", "ipc"];
  const options = { cwd: root, env: { ...process.env, ...env }, stdio, detached: GROUPS };
  const child = spawn(node, [...flags, "--test-reporter-destination=stdout", inRoot(file.emitted)], options);
  live.add(child);
  return child;
}

function ended(child, limits) {
  return new Promise((resolve) => {
    let overtime;
    const timer = setTimeout(() => {
      overtime = limits.file;
      kill(child);
    }, limits.file * 1000);
    const finish = (code, signal) => {
      clearTimeout(timer);
      live.delete(child);
      // A process that left the group may hold the streams open, and delay this one.
      for (const stream of [child.stdout, child.stderr]) stream.destroy();
      resolve({ code, signal, overtime });
    };
    child.on("error", (error) => finish(error.code));
    child.on("exit", (code, signal) => {
      kill(child);
      // After a last read of its messages, since this process itself may have been delayed.
      setTimeout(setImmediate, 1000, finish, code, signal).unref();
    });
    child.on("close", finish);
  });
}

/** Ends a test file's process and all that it left running. */
function kill(child) {
  try {
    if (GROUPS) process.kill(-child.pid, "SIGKILL");
    else child.kill("SIGKILL");
  } catch {
    // No process of the group was left.
  }
}
