// Runs a list of test files on one Node, two at a time. Node's own `--test` has no timeout for a file, which may hang
// after its tests, and ends no process that a file leaves behind.
import { printFlaky, printResult, say } from "./print.mjs";
import { runFile } from "./run-file.mjs";

const CONCURRENCY = 2;

/** Files that fail by the chance of a browser, a proxy, a bundler or another runtime, and not of this project. */
const OF_OTHERS = /\b(?:browser|proxies|bundles|runtimes)\b.*\.deep\.test\.ts$/;

/**
 * With `retries`, a failed file of the browser, proxies, bundles or runtimes is run once more, alone, after all others.
 * When it passes then, the run is green, and ends with both outputs.
 * @returns the sums of `passed`, `failed` and `skipped`
 */
export async function runLane({ node, version, files, env, retries = false }) {
  say(`Tests on Node ${version}`);
  const totals = { passed: 0, failed: 0, skipped: 0 };
  const again = [];
  let finished = 0;
  await runFiles(
    node,
    files,
    () => env,
    (result) => {
      finished += 1;
      printResult(result, `${finished}/${files.length}`);
      if (retries && result.failed > 0 && OF_OTHERS.test(result.file.source)) again.push(result);
      else add(totals, result);
    },
  );
  const flaky = [];
  for (const first of again) {
    const second = await runFile(node, first.file, env);
    printResult(second, "alone");
    add(totals, second);
    if (second.failed === 0) flaky.push({ first, second });
  }
  for (const both of flaky) printFlaky(both);
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
