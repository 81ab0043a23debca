// The printed report of the tests: one line a file, all details of a failure, and the closing line.

const LONGEST_OUTPUT = 20_000;

/** One line for a file; below it, the failures and the output of the file. */
export function printResult(result) {
  const mark = result.failed > 0 ? "FAIL" : "ok  ";
  say(`  ${mark}  ${result.file.source.padEnd(52)}  ${counts(result)}, ${result.seconds.toFixed(2)} s`);
  for (const { path, details } of result.failures) say(block(path, details));
  if (result.failed > 0 && result.output) say(block("It printed:", shorten(result.output)));
  if (result.failed > 0) say("");
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
