// The printed report of the tests: one line a file, all details of a failure, and the closing line.

const LONGEST_OUTPUT = 20_000;

/** One line for a file, which begins with `place`; below it, the failures and the output of the file. */
export function printResult(result, place = "") {
  const mark = result.failed > 0 ? "FAIL" : "ok  ";
  const name = result.file.source.padEnd(64);
  say(`${place.padStart(9)}  ${mark}  ${name}  ${counts(result)}, ${result.seconds.toFixed(2)} s`);
  if (result.failed === 0) return;
  printDetails(result);
  say("");
}

/** A file that failed beside others and passed alone: both outputs. */
export function printFlaky({ first, second }) {
  say(`\nFLAKY: ${first.file.source} failed beside other files, and passed alone.`);
  printDetails(first);
  say(block("Alone:", `${counts(second)}, ${second.seconds.toFixed(2)} s\n${shorten(second.output)}`));
  say("");
}

function printDetails({ failures, output }) {
  for (const { path, details } of failures) say(block(path, details));
  if (output) say(block("It printed:", shorten(output)));
}

/** The line that ends every run of the tests, alone and last. */
export const printTotals = (totals) => say(`${totals.passed} passed, ${totals.failed} failed${skipped(totals)}`);

export const say = (text) => process.stdout.write(`${text}\n`);

const counts = (result) =>
  `${result.passed} passed${result.failed > 0 ? `, ${result.failed} failed` : ""}${skipped(result)}`;

const skipped = (totals) => (totals.skipped > 0 ? `, ${totals.skipped} skipped` : "");

const block = (title, text) => `\n${indent(`${title}\n${indent(text)}`, 8)}`;

const indent = (text, width = 2) => text.trimEnd().replace(/^(?=.)/gm, " ".repeat(width));

const shorten = (text) => (text.length > LONGEST_OUTPUT ? `…${text.slice(-LONGEST_OUTPUT)}` : text);
