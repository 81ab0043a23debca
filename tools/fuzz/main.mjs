// `npm run test:long -- fuzz`: tries every property with two million inputs in all, two properties at a time, each in a
// process of its own. Options: --cases N (in all), --seed N (a run prints its seed), --only TEXT (a part of the names).
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { explain, Problem } from "../ready/problem.mjs";
import { say } from "../tests/print.mjs";
import { listProperties, tryProperty } from "./process.mjs";

process.exitCode = await fuzz(process.argv.slice(2)).catch((error) => {
  explain(error);
  return 1;
});

/** @returns {Promise<number>} the exit code */
async function fuzz(args) {
  const { cases, seed, only } = readOptions(args);
  const properties = (await listProperties()).filter(({ name }) => name.toLowerCase().includes(only));
  if (properties.length === 0) throw new Problem(`No property has "${only}" in its name.`);
  say(`Seed ${seed}`);
  const start = Date.now();
  const findings = await tryAll(share(properties, cases), seed);
  return printTotals(findings, Date.now() - start);
}

function readOptions(args) {
  const options = { cases: { type: "string" }, seed: { type: "string" }, only: { type: "string" } };
  const { values } = parse(args, options);
  return {
    cases: values.cases === undefined ? undefined : wholeNumber("--cases", values.cases),
    seed: wholeNumber("--seed", values.seed ?? String(Math.floor(Math.random() * 2 ** 31))),
    only: (values.only ?? "").toLowerCase(),
  };
}

function parse(args, options) {
  try {
    return parseArgs({ args, options });
  } catch (error) {
    throw new Problem(error.message);
  }
}

function wholeNumber(name, text) {
  if (/^\d{1,9}$/.test(text) || /^[12]\d{9}$/.test(text)) return Number(text);
  throw new Problem(`${name} must be a whole number; got "${text}".`);
}

/** Divides `cases` in the proportion of the properties' own shares; without it, those are the numbers. */
function share(properties, cases) {
  const sum = properties.reduce((sum, property) => sum + property.cases, 0);
  const part = cases === undefined ? 1 : cases / sum;
  return properties.map((property) => ({ ...property, cases: Math.max(Math.round(property.cases * part), 1) }));
}

async function tryAll(properties, seed) {
  const waiting = [...properties].sort((a, b) => b.cases - a.cases);
  const findings = [];
  const worker = async () => {
    for (let property = waiting.shift(); property; property = waiting.shift()) {
      const finding = await tryProperty(property, seed);
      findings.push(finding);
      printFinding(property, finding);
    }
  };
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), 2) }, worker));
  return findings;
}

function printFinding({ name }, { cases, ms, report, seed, skipped }) {
  const mark = skipped ? "skip" : report === null ? "ok  " : "FAIL";
  const seconds = (ms / 1000).toFixed(1);
  say(
    `  ${mark}  ${String(cases).padStart(8)} cases  ${seconds.padStart(6)} s  ${report === null ? 0 : 1} findings  ${name}`,
  );
  if (skipped) say(`        ${skipped}`);
  if (report !== null) say(`\n${report}\n\nAgain: npm run test:long -- fuzz --seed ${seed} --only "${name}"\n`);
}

function printTotals(findings, ms) {
  const cases = findings.reduce((sum, finding) => sum + finding.cases, 0);
  const found = findings.filter(({ report }) => report !== null).length;
  say(`${cases} cases of ${findings.length} properties in ${(ms / 1000).toFixed(0)} s, ${found} findings`);
  return found > 0 ? 1 : 0;
}
