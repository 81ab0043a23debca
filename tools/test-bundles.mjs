// Bundles a program with every store by every bundler, runs each bundle, uses it over HTTP and restarts it. Words
// choose bundlers by a part of their name. With `--built`, the library is taken as it was built, not as it is packed.
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BUNDLERS } from "./bundles/bundlers.mjs";
import { drive } from "./bundles/drive.mjs";
import { bundleOf, IMPORTS } from "./bundles/entries.mjs";
import { run } from "./ready/command.mjs";
import { requireNode20 } from "./ready/node-version.mjs";
import { installFolder, installPackages } from "./ready/packages.mjs";
import { explain, Problem } from "./ready/problem.mjs";
import { inRoot } from "./ready/repository.mjs";
import { findRuntime } from "./ready/runtime.mjs";
import { runScript } from "./ready/script.mjs";
import { findRedis } from "./redis.mjs";
import { printTotals, say } from "./tests/print.mjs";

/** Not a program, but each entry point of the library by itself. */
const ENTRIES = { name: "esbuild, each entry point" };

/** The stores of the programs, and whether each outlives the process. */
const STORES = {
  memory: false,
  sqlite: true,
  "sqlite on a handle": true,
  "redis, node-redis": true,
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
  requireNode20();
  const words = args.filter((arg) => !arg.startsWith("--")).map((word) => word.toLowerCase());
  const isChosen = ({ name }) => words.length === 0 || words.some((word) => name.includes(word));
  const bundlers = [ENTRIES, ...BUNDLERS].filter(isChosen);
  if (bundlers.length === 0) throw new Problem(`No bundler matches: ${words.join(" ")}.`);
  const isPacked = !args.includes("--built");
  const [node, redis] = await Promise.all([findRuntime(), findRedis(), installPackages()]);
  if (isPacked) await runScript("build");
  const folder = isPacked ? await project() : inRoot("tools/bundles");
  const [place, end] = await places(redis);
  const sums = { passed: 0, failed: 0, skipped: 0 };
  try {
    for (const bundler of bundlers) {
      say(bundler.name);
      const test = bundler === ENTRIES ? testEntries : testBundler;
      await test(bundler, { node, folder, place, sums }).catch(countFailure(sums));
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
  await installLibrary(folder);
  return folder;
}

/** Where each store keeps what it keeps: a file of each run's own, a Redis for all. */
async function places({ command, env }) {
  Object.assign(process.env, { SESSILE_REDIS_SERVER: command, SESSILE_REDIS_LIBRARY_PATH: env.LD_LIBRARY_PATH ?? "" });
  const { startRedis } = await import(inRoot("packages/test-support/dist/redis-server.js"));
  const redis = await startRedis();
  const files = mkdtempSync(join(tmpdir(), "sessile-bundles-"));
  let count = 0;
  const place = (store) => (store.startsWith("sqlite") ? join(files, `${count++}.db`) : String(redis.port));
  return [place, () => redis.close().finally(() => rmSync(files, { recursive: true }))];
}

async function testEntries(_entries, { node, sums }) {
  const out = mkdtempSync(join(tmpdir(), "sessile-entries-"));
  try {
    for (const [at, name] of IMPORTS.entries()) writeFileSync(join(out, `${at}.mjs`), await bundleOf(name));
    cpSync(inRoot("tools/bundles/use-entries.mjs"), join(out, "use.mjs"));
    const { code, output } = await run(node, ["use.mjs", ...IMPORTS], { cwd: out });
    if (code !== 0) throw new Problem(`${output}\nA bundle of an entry point does not work.`);
    sums.passed += IMPORTS.length;
  } finally {
    rmSync(out, { recursive: true });
  }
}

async function testBundler({ build, folder: own = "" }, { node, folder, place, sums }) {
  const out = mkdtempSync(join(tmpdir(), "sessile-bundle-"));
  try {
    const home = join(folder, own);
    const args = await build(home, out, node);
    // Nothing lies beside a bundle: it runs where its program's packages are not found.
    const cwd = own === "" ? out : home;
    for (const [store, isLasting] of Object.entries(STORES)) {
      const env = { STORE: store, PLACE: place(store) };
      const error = await drive({ command: [node, ...args], cwd, env }, isLasting).then(
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
