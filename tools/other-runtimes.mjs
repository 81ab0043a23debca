// `npm run test:long -- runtimes`: runs tests under Bun and Deno, for the parts that work without Node (the core, the
// stores in memory and in SQLite, the adapters of web standards), and the library's quick tests on Node 22 and 26.
// Words choose test files by a part of their path.
import { existsSync, readdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { run } from "./ready/command.mjs";
import { installFolder } from "./ready/packages.mjs";
import { explain, Problem } from "./ready/problem.mjs";
import { inRoot } from "./ready/repository.mjs";
import { findTestFiles } from "./tests/files.mjs";
import { add, runLane } from "./tests/lane.mjs";
import { printTotals, say } from "./tests/print.mjs";

const LIBRARY = inRoot("packages/sessile");
const PACKAGES = inRoot("tools/runtimes-other/node_modules");
const TEST_SECONDS = 60;

/** All but slow tests, and tests of what other processes do to the file, which is the same everywhere. */
const SQLITE = /^(?!crash|locks|changed-by|ended)[\w-]+\.test\.js$/;

const RUNTIMES = [
  {
    name: "bun",
    packages: {
      "linux-x64": "@oven/bun-linux-x64/bin/bun",
      "linux-arm64": "@oven/bun-linux-aarch64/bin/bun",
      "darwin-arm64": "@oven/bun-darwin-aarch64/bin/bun",
    },
    args: (file) => ["test", `--timeout=${TEST_SECONDS * 1000}`, `./${file}`],
    env: {},
    count: (output) => ({ passed: numberIn(output, /^ *(\d+) pass$/m), failed: numberIn(output, /^ *(\d+) fail$/m) }),
  },
  {
    name: "deno",
    packages: { "linux-x64": "@deno/linux-x64-glibc/deno" },
    args: (file) => [
      "test",
      "--allow-all",
      "--no-check",
      "--no-lock",
      "--no-remote",
      "--node-modules-dir=manual",
      file,
    ],
    env: { DENO_DIR: inRoot(".cache/deno"), DENO_NO_UPDATE_CHECK: "1" },
    count: (output) => ({
      passed: numberIn(output, /(\d+) passed/) + numberIn(output, /passed \((\d+) step/),
      failed: numberIn(output, /(\d+) failed/),
    }),
  },
];

/** Packages of `tools/runtimes-other`: the oldest and the newest Node that the library supports. */
const OTHER_NODES = ["node-22", "node-26"];

const totals = await test(process.argv.slice(2)).catch(failed);
printTotals(totals);
process.exitCode = totals.failed > 0 ? 1 : 0;

async function test(filters) {
  await installFolder(
    inRoot("tools/runtimes-other"),
    "Fetching Bun, Deno, Node 22 and Node 26, 590 MB (first time only)…",
    ["--no-bin-links"],
  );
  const files = testFiles().filter((file) => filters.length === 0 || filters.some((part) => file.includes(part)));
  if (files.length === 0) throw new Problem(`No test file matches: ${filters.join(" ")}.`);
  const sums = { passed: 0, failed: 0, skipped: 0 };
  for (const runtime of RUNTIMES) add(sums, await runAll(runtime, files));
  for (const name of OTHER_NODES) add(sums, await runNode(name, filters));
  return sums;
}

/** The library's quick tests on another Node; none where npm has no such Node for this platform. */
async function runNode(name, filters) {
  const node = join(PACKAGES, name, "bin/node");
  const { code, output } = existsSync(node) ? await run(node, ["--version"]) : { code: 1, output: "" };
  if (code !== 0) {
    say(`Tests on ${name} are skipped: npm has none that runs here.`);
    return { passed: 0, failed: 0, skipped: 1 };
  }
  const files = findTestFiles(filters).filter(
    ({ source, isDeep }) => source.startsWith("packages/sessile/") && !isDeep,
  );
  const env = { SESSILE_DEPTH: "quick" };
  return runLane({ node, version: output.trim().slice(1), files, env });
}

/** The emitted test files. Tests of types run a compiler, which is the same everywhere. */
function testFiles() {
  const core = ["core", "transports"].flatMap((folder) => emittedIn(folder, /\.test\.js$/));
  const adapters = emittedIn(
    "adapters",
    /^(?:web|hono|h3|next|react-router|sveltekit)(?:-(?!types)[\w-]+)?\.test\.js$/,
  );
  return [
    ...core,
    "build-test/stores/memory.test.js",
    "build-test/promises/memory.test.js",
    ...emittedIn("stores/sqlite", SQLITE),
    "build-test/promises/sqlite.test.js",
    ...adapters,
    "build-test/runtimes/native.js",
  ];
}

function emittedIn(folder, pattern) {
  const names = readdirSync(join(LIBRARY, "build-test", folder)).filter((name) => pattern.test(name));
  return names.sort().map((name) => `build-test/${folder}/${name}`);
}

/** Runs every file in a process of its own. */
async function runAll(runtime, files) {
  const command = await find(runtime);
  const { output } = await run(command, ["--version"]);
  say(`Tests on ${runtime.name} ${/\d+\.\d+\.\d+/.exec(output)?.[0]}`);
  const sums = { passed: 0, failed: 0, skipped: 0 };
  const waiting = [...files];
  const worker = async () => {
    for (let file = waiting.shift(); file; file = waiting.shift()) add(sums, await runFile(runtime, command, file));
  };
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), 2) }, worker));
  return sums;
}

async function runFile({ args, env, count }, command, file) {
  const start = Date.now();
  const environment = { ...process.env, NO_COLOR: "1", ...env };
  const { code, output } = await run(command, args(file), { cwd: LIBRARY, env: environment });
  const { passed, failed } = count(output);
  const isWhole = code === 0 && failed === 0 && passed > 0;
  say(
    `  ${isWhole ? "ok  " : "FAIL"}  ${file.padEnd(52)}  ${passed} passed, ${((Date.now() - start) / 1000).toFixed(2)} s`,
  );
  if (!isWhole) say(output);
  return { passed, failed: isWhole ? 0 : Math.max(failed, 1), skipped: 0 };
}

/** The runtime from npm; without one for this platform, the one on PATH. */
async function find({ name, packages }) {
  const path = packages[`${process.platform}-${process.arch}`];
  if (path && existsSync(join(PACKAGES, path))) return join(PACKAGES, path);
  const { code } = await run(name, ["--version"]);
  if (code === 0) return name;
  throw new Problem(`There is no ${name} for ${process.platform}-${process.arch} on npm; install one.`);
}

function failed(error) {
  explain(error);
  return { passed: 0, failed: 1, skipped: 0 };
}

function numberIn(text, pattern) {
  return Number(pattern.exec(text)?.[1] ?? 0);
}
