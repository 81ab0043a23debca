// `npm run test:long -- leaks`: runs all tests with the most detailed log, records the output of every process, and
// searches it for every token and password that was used. Words choose test files by a part of their path.

import { explain, Problem } from "../ready/problem.mjs";
import { findTestFiles } from "../tests/files.mjs";
import { runFiles } from "../tests/lane.mjs";
import { printResult, say } from "../tests/print.mjs";
import { LeakRecord } from "./record.mjs";
import { bytesOf, isSearchable, LeakSearch } from "./search.mjs";
import { PLANTED, plantInProcess, testSearch } from "./self-test.mjs";

for (const [signal, code] of Object.entries({ SIGHUP: 129, SIGINT: 130, SIGTERM: 143 })) {
  process.on(signal, () => process.exit(code));
}

process.exitCode = await findLeaks(process.argv.slice(2)).catch((error) => {
  explain(error);
  return 1;
});

/** @returns {Promise<number>} the exit code */
async function findLeaks(filters) {
  await testItself();
  const record = new LeakRecord();
  process.on("exit", () => record.remove());
  const results = [];
  await runFiles(
    process.execPath,
    findTestFiles(filters),
    (file) => record.env(file.source),
    (result) => {
      results.push(result);
      if (result.failed > 0) printResult(result);
    },
  );
  const failed = results.reduce((sum, result) => sum + result.failed, 0);
  const leaks = search(record, results);
  if (failed > 0) say(`${failed} tests failed.`);
  return leaks + failed > 0 ? 1 : 0;
}

/** A search that misses planted leaks proves nothing. */
async function testItself() {
  const texts = testSearch();
  const record = new LeakRecord();
  try {
    await plantInProcess(record.env("planted"));
    const seen = new Set(hitsIn(record).map(({ secret }) => secret)).size;
    if (seen < PLANTED) throw new Problem(`Of ${PLANTED} leaks planted in processes, the search saw ${seen}.`);
    say(`Self-test: ${texts} leaks planted in texts and ${PLANTED} in processes were all seen.`);
  } finally {
    record.remove();
  }
}

/** Prints the counts and the leaks. @returns {number} the number of leaks */
function search(record, results) {
  const { tokens, passwords } = record.secrets();
  // Node's own output, such as the end of a process, comes only through the pipe; failures are shown to people too.
  const shown = results.map(({ file, output, failures }) => ({
    name: file.source,
    text: bytesOf(output + JSON.stringify(failures)),
  }));
  const hits = hitsIn(record, shown);
  let bytes = shown.reduce((sum, { text }) => sum + text.length, 0);
  for (const { text } of record.outputs()) bytes += text.length;
  say(`${results.length} test files, ${record.processes} processes and threads, ${bytes} bytes of output`);
  const plain = [...passwords].filter((password) => !isSearchable(password)).length;
  say(`${tokens.size} tokens issued, ${passwords.size} passwords used (${plain} too plain to look for)`);
  say(`${hits.length} leaks`);
  for (const [where, { count, around }] of byPlace(hits)) say(`\n${count} times ${where}, such as:\n${around}`);
  return hits.length;
}

/** Leaks of one kind in one test file need one mend. */
function byPlace(hits) {
  const places = new Map();
  for (const { name, kind, spelling, around } of hits) {
    const where = `a ${kind}, ${spelling}, in ${name.replace(/\.ts\..*/, "")}`;
    places.set(where, { around, count: (places.get(where)?.count ?? 0) + 1 });
  }
  return places;
}

function hitsIn(record, more = []) {
  const search = new LeakSearch(record.secrets());
  return [...record.outputs(), ...more].flatMap(({ name, text }) => search.find(text).map((hit) => ({ name, ...hit })));
}
