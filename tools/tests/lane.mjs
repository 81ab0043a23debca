// Runs a list of test files on one Node, two at a time.
import { printResult, say } from "./print.mjs";
import { runFile } from "./run-file.mjs";

const CONCURRENCY = 2;

/** @returns the sums of `passed`, `failed` and `skipped` */
export async function runLane({ node, version, files, env }) {
  say(`Tests on Node ${version}`);
  const totals = { passed: 0, failed: 0, skipped: 0 };
  const waiting = [...files];
  const worker = async () => {
    for (let file = waiting.shift(); file; file = waiting.shift()) {
      const result = await runFile(node, file, env);
      printResult(result);
      add(totals, result);
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
  return totals;
}

/** Adds one count to another, in place. */
export function add(totals, more) {
  for (const key of Object.keys(totals)) totals[key] += more[key];
  return totals;
}
