// Asks the questions one after the other and stores the answers with a description of the machine. Called by bench.mjs.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inRoot } from "../tools/ready/repository.mjs";
import { machine, versions } from "./lib/machine.mjs";
import { startLoad } from "./lib/processes.mjs";
import { startRedisApart } from "./lib/redis.mjs";
import { writePage } from "./report/page.mjs";

const SHORT = ["promises", "reads", "invalid", "sign-in", "update"];
const ALL = [
  ...SHORT,
  "touches",
  "express-session",
  "postgres",
  "fastapi",
  "calls",
  "space",
  "expiry",
  "growth",
  "profile",
];

const isShort = !process.argv.includes("--all");
const words = process.argv.slice(2).filter((word) => !word.startsWith("--"));
const names = (isShort && words.length === 0 ? SHORT : ALL).filter(
  (name) => words.length === 0 || words.some((word) => name.includes(word)),
);

const folder = mkdtempSync(join(tmpdir(), "sessile-bench-"));
const redis = await startRedisApart();
const runtime = process.execPath;
const load = await startLoad({ runtime });
// BENCH_TRY=1 only checks that everything works.
const isTry = process.env.BENCH_TRY !== undefined;
const usual = isShort
  ? { processes: 2, windows: 4, ms: 400, scale: 1 }
  : { processes: 3, windows: 5, ms: 400, scale: 1 };
const pace = isTry ? { processes: 2, windows: 1, ms: 150, scale: 0.01 } : usual;
const bench = { ...pace, isShort, runtime, folder, load, redis, server: { redisUrl: redis.url } };
const results = {
  date: new Date().toISOString(),
  machine: machine(),
  versions: await versions(redis),
  pace,
  questions: {},
};

try {
  for (const name of names) results.questions[name] = await ask(name);
} finally {
  await load.stop();
  await redis.close();
  rmSync(folder, { recursive: true, force: true });
}

const kind = isTry ? "try" : words.length > 0 ? "partial" : isShort ? "short" : "all";
mkdirSync(inRoot("bench/results"), { recursive: true });
writeFileSync(inRoot(`bench/results/${kind}.json`), `${JSON.stringify(results, null, 1)}\n`);
if (kind === "all") writePage(results);
process.exit();

async function ask(name) {
  const { title, run } = await import(new URL(`questions/${name}.mjs`, import.meta.url));
  const start = performance.now();
  console.log(`\n${title}`);
  try {
    const answer = await run(bench);
    print(answer);
    console.log(`${((performance.now() - start) / 1000).toFixed(0)} s`);
    return { title, answer };
  } catch (error) {
    // The other answers are worth their time all the same; the page reports that this one failed.
    console.error(error);
    process.exitCode = 1;
    return { title, answer: { skipped: error.message } };
  }
}

/** A line for each row; the page has all values. */
function print(answer) {
  for (const [group, rows] of Object.entries(Array.isArray(answer) ? { "": answer } : answer)) {
    if (!Array.isArray(rows) || rows[0]?.cpu === undefined) {
      console.log(group, JSON.stringify(rows));
      continue;
    }
    for (const { name, rate, cpu, ownCpu, rateRatio, latency } of rows)
      console.log(
        `  ${`${group} ${name}`.trim().padEnd(44)} ${rate.median.toFixed(0).padStart(7)} /s  ${cpu.median.toFixed(1).padStart(6)} µs CPU` +
          `  own ${ownCpu.median.toFixed(1).padStart(6)} µs  × ${rateRatio.median.toFixed(3)}  p99 ${latency.p99.toFixed(1)} ms`,
      );
  }
}
