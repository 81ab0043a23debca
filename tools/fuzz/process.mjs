// Runs one property in a process of its own, so that one that never ends, or ends the process, is a finding like any
// other.
import { fork } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inRoot } from "../ready/repository.mjs";

const SECONDS = 300;
const PROGRAM = inRoot("tools/fuzz/properties.mjs");

/** @returns {Promise<{ name: string, cases: number }[]>} all properties */
export async function listProperties() {
  const { message, problem } = await ask([]);
  if (!message) throw new Error(problem);
  return message;
}

/** The result of one property; never rejects. */
export async function tryProperty({ name, cases }, seed) {
  const start = Date.now();
  const { message, problem } = await ask([name, String(cases), String(seed)]);
  return message ?? { cases: 0, seed, ms: Date.now() - start, report: problem };
}

/** The one message of the process, or why there was none. */
function ask(args) {
  return new Promise((resolve) => {
    // In a folder of its own, because an input may become the name of a file.
    const cwd = mkdtempSync(join(tmpdir(), "sessile-fuzz-"));
    const child = fork(PROGRAM, args, {
      cwd,
      execArgv: [],
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    let [message, errors] = [undefined, ""];
    const timer = setTimeout(() => child.kill("SIGKILL"), SECONDS * 1000);
    child.stderr.setEncoding("utf8").on("data", (text) => {
      errors = (errors + text).slice(-2000);
    });
    child.on("message", (given) => {
      message = given;
    });
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      rmSync(cwd, { recursive: true, force: true });
      resolve({
        message,
        problem: `It ended with ${signal ?? `exit code ${code}`} (killed after ${SECONDS} s).\n${errors}`,
      });
    });
  });
}
