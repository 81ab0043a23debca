// Runs a list of test files on one Node, two at a time. Node's own `--test` has no timeout for a file, which may hang
// after its tests, and ends no process that a file leaves behind.
import { printResult, say } from "./print.mjs";
import { runFile } from "./run-file.mjs";

const CONCURRENCY = 2;

/** @returns the sums of `passed`, `failed` and `skipped` */
export async function runLane({ node, version, files, env }) {
  say(`Tests on Node ${version}`);
  const totals = { passed: 0, failed: 0, skipped: 0 };
  await runFiles(
    node,
    files,
    () => env,
    (result) => {
      printResult(result);
      add(totals, result);
    },
  );
  return totals;
}

/** Calls `done` with the result of each file; `envOf` gives a file's environment. */
export async function runFiles(node, files, envOf, done) {
  const waiting = [...files];
  const worker = async () => {
    for (let file = waiting.shift(); file; file = waiting.shift()) done(await runFile(node, file, envOf(file)));
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
}

/** Adds one count to another, in place. */
export function add(totals, more) {
  for (const key of Object.keys(totals)) totals[key] += more[key];
  return totals;
}
