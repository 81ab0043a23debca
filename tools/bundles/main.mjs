// `npm run test:long -- bundles`: bundles a program with every store by every bundler, runs each bundle, uses it over
// HTTP and restarts it. Words choose bundlers by a part of their name. `--built` takes the library as it was built, not
// as it is packed, and fetches no bundler.
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BESIDE, packLibrary } from "../frameworks/project.mjs";
import { npm, run } from "../ready/command.mjs";
import { installFolder } from "../ready/packages.mjs";
import { explain, Problem } from "../ready/problem.mjs";
import { inRoot } from "../ready/repository.mjs";
import { printTotals, say } from "../tests/print.mjs";
import { BUNDLERS } from "./bundlers.mjs";
import { drive } from "./drive.mjs";
import { ALONE, bundleOf } from "./entries.mjs";

/** Each entry point of the library by itself, instead of a program. */
const ENTRIES = { name: "esbuild, each entry point" };

/** The stores of the programs, and whether each outlives the process. */
const STORES = {
  memory: false,
  sqlite: true,
  "sqlite, node:sqlite": true,
  "sqlite, better-sqlite3": true,
  "redis, @redis/client": true,
  "redis, ioredis": true,
  cached: true,
};

for (const [signal, code] of Object.entries({ SIGHUP: 129, SIGINT: 130, SIGTERM: 143 })) {
  process.on(signal, () => process.exit(code));
}

const totals = await test(process.argv.slice(2)).catch(failed);
printTotals(totals);
process.exitCode = totals.failed > 0 ? 1 : 0;

async function test(args) {
  const words = args.filter((arg) => !arg.startsWith("--")).map((word) => word.toLowerCase());
  const isChosen = ({ name }) => words.length === 0 || words.some((word) => name.includes(word));
  const bundlers = [ENTRIES, ...BUNDLERS].filter(isChosen);
  if (bundlers.length === 0) throw new Problem(`No bundler matches: ${words.join(" ")}.`);
  const isPacked = !args.includes("--built");
  const folder = isPacked ? await project() : inRoot("tools/bundles");
  const [place, end] = await places();
  const sums = { passed: 0, failed: 0, skipped: 0 };
  try {
    for (const bundler of bundlers) {
      say(bundler.name);
      const test = bundler === ENTRIES ? testEntries : testBundler;
      await test(bundler, { folder, isPacked, place, sums }).catch(countFailure(sums));
    }
  } finally {
    await end();
  }
  return sums;
}

/** A folder with the programs, the bundlers of the lock file, and the library as it is packed. */
async function project() {
  const folder = inRoot(".cache/bundles");
  mkdirSync(folder, { recursive: true });
  cpSync(inRoot("tools/bundles"), folder, { recursive: true, filter: (path) => !path.includes("node_modules") });
  await installFolder(folder, "Fetching bundlers (first time only)…");
  const { code, output } = await npm(["install", ...BESIDE, await packLibrary()], { cwd: folder });
  if (code !== 0) throw new Problem(`${output}\nThe library cannot be installed beside the bundlers.`);
  return folder;
}

/** The place of each store: a file for each run, one Redis for all. */
async function places() {
  const { startRedis } = await import(inRoot("packages/test-support/dist/redis-server.js"));
  const redis = await startRedis();
  const files = mkdtempSync(join(tmpdir(), "sessile-bundles-"));
  let count = 0;
  const place = (store) => (store.startsWith("sqlite") ? join(files, `${count++}.db`) : String(redis.port));
  return [place, () => redis.close().finally(() => rmSync(files, { recursive: true }))];
}

async function testEntries(_entries, { sums }) {
  const out = mkdtempSync(join(tmpdir(), "sessile-entries-"));
  try {
    for (const [at, name] of ALONE.entries()) writeFileSync(join(out, `${at}.mjs`), await bundleOf(name));
    cpSync(inRoot("tools/bundles/use-entries.mjs"), join(out, "use.mjs"));
    const { code, output } = await run(process.execPath, ["use.mjs", ...ALONE], { cwd: out });
    if (code !== 0) throw new Problem(`${output}\nA bundle of an entry point does not work.`);
    sums.passed += ALONE.length;
  } finally {
    rmSync(out, { recursive: true });
  }
}

async function testBundler({ build, isInPlace }, { folder, isPacked, place, sums }) {
  const out = mkdtempSync(join(tmpdir(), "sessile-bundle-"));
  try {
    const args = await build(folder, out);
    if (isPacked) layNative(folder, out);
    for (const [store, isLasting] of Object.entries(STORES)) {
      if (!isPacked && store.endsWith("better-sqlite3")) continue;
      const env = { STORE: store, PLACE: place(store), NODE_ENV: "production" };
      const program = { command: [process.execPath, ...args], cwd: isInPlace ? folder : out, env };
      const error = await drive(program, isLasting).then(
        () => undefined,
        (reason) => reason,
      );
      sums[error ? "failed" : "passed"] += 1;
      say(`  ${error ? "FAIL" : "ok  "}  ${store}`);
      if (error) say(String(error.stack));
    }
  } finally {
    rmSync(out, { recursive: true });
  }
}

/** Copies native code, the only part that cannot be in a bundle, beside it. */
function layNative(folder, out) {
  mkdirSync(join(out, "node_modules"));
  symlinkSync(join(folder, "node_modules/better-sqlite3"), join(out, "node_modules/better-sqlite3"));
}

function countFailure(sums) {
  return (error) => {
    explain(error);
    sums.failed += 1;
  };
}

function failed(error) {
  explain(error);
  return { passed: 0, failed: 1, skipped: 0 };
}
