// Runs the whole matrix, or the cells whose fault or store contains one of the words given, and prints the results. Ends
// with 1 when a promise was broken. `--write FILE` puts the tables between the marks in that file.

import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { CELLS, type Cell, GAPS, type Gap } from "./matrix.ts";
import { durationsOf, lossesOf, rowOf } from "./report.ts";
import { type Result, runCell } from "./run-cell.ts";

const AT_ONCE = 2;

const { values, positionals } = parseArgs({ options: { write: { type: "string" } }, allowPositionals: true });
const isChosen = ({ fault, store }: Cell): boolean => {
  return positionals.length === 0 || positionals.some((word) => `${fault} on ${store}`.includes(word));
};
const cells = CELLS.filter(isChosen);
const results: (Result | null)[] = [];
const gaps: Gap[] = [...GAPS];
let started = 0;
let failed = 0;

async function work(): Promise<void> {
  while (started < cells.length) {
    const index = started++;
    const cell = cells[index] as Cell;
    const result = await runCell(cell).catch((error: unknown) => {
      process.stderr.write(`${cell.fault} on ${cell.store} could not be run: ${error}\n`);
      failed++;
      return null;
    });
    results[index] = result;
    if (result === null) gaps.push({ ...cell, reason: "could not be made: mounting a small disk was not allowed" });
    else process.stdout.write(`${rowOf(result)}\n`);
  }
}

await Promise.all(Array.from({ length: AT_ONCE }, work));
const found = results.filter((result) => result !== null);
if (values.write !== undefined) {
  const text = readFileSync(values.write, "utf8");
  const put = (name: string, table: string, into: string): string => {
    return into.replace(
      new RegExp(`(<!-- ${name} -->\n)[\\s\\S]*(<!-- /${name} -->)`),
      (_, a, b) => `${a}\n${table}\n\n${b}`,
    );
  };
  writeFileSync(values.write, put("losses", lossesOf(found), put("faults", durationsOf(found, gaps), text)));
}
const broken = found.filter((result) => result.broken.length > 0);
process.stdout.write(`\n${found.length} cells, ${broken.length} broken, ${failed} not run\n`);
process.exit(broken.length + failed > 0 ? 1 : 0);
