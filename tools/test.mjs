// `npm test` and `npm run test:deep`: makes everything ready, builds, lints, then runs the tests. The first argument is
// the depth. A quick run leaves out the `.deep.test.ts` files. Words after `--` choose test files by a part of their
// path, including these, run them as deep, and skip the linter.

import { chromiumEnv } from "./chromium.mjs";
import { compilersEnv } from "./compilers.mjs";
import { postgresEnv } from "./postgres.mjs";
import { proxiesEnv } from "./proxies.mjs";
import { run } from "./ready/command.mjs";
import { installFolder } from "./ready/packages.mjs";
import { whenNpmEnds } from "./ready/parent.mjs";
import { explain } from "./ready/problem.mjs";
import { makeReady } from "./ready/ready.mjs";
import { inRoot } from "./ready/repository.mjs";
import { runScript } from "./ready/script.mjs";
import { findTestFiles } from "./tests/files.mjs";
import { runLane } from "./tests/lane.mjs";
import { printTotals, say } from "./tests/print.mjs";

for (const [signal, code] of Object.entries({ SIGHUP: 129, SIGINT: 130, SIGTERM: 143 })) {
  process.on(signal, () => process.exit(code));
}
whenNpmEnds(() => process.exit(143));

const [depth, ...filters] = process.argv.slice(2);
const totals = await test().catch(failed);
printTotals(totals);
process.exitCode = totals.failed > 0 ? 1 : 0;

/** Stages in order; the first that fails ends the run. */
async function test() {
  // The linter reads the types of other packages from what the build emits, so it comes second.
  const { node, env: redis } = await timed("ready and built", makeReady());
  if (filters.length === 0) await timed("lint", runScript("lint"));
  const isQuick = depth === "quick" && filters.length === 0;
  const files = findTestFiles(filters).filter(({ isDeep }) => !(isQuick && isDeep));
  const env = { SESSILE_DEPTH: isQuick ? "quick" : depth.replace("quick", "deep") };
  const version = (await run(node, ["--version"])).output.trim().slice(1);
  const all = { ...env, ...redis, ...(await othersEnv(files)) };
  return runLane({ node, version, files, env: all, retries: depth === "deep" });
}

/** Programs that only some tests need are looked for when one of those is to run. */
async function othersEnv(files) {
  const isNeeded = (pattern) => files.some(({ source }) => pattern.test(source));
  const site = () =>
    installFolder(inRoot("tools/site"), "Installing the packages that build the site, 100 MB (first time only)…");
  const programs = () =>
    installFolder(
      inRoot("tools/express-programs"),
      "Installing AdminJS and an OpenID provider for the tests around express-session, 250 MB (first time only)…",
    );
  const [proxies, chromium, postgres, compilers] = await Promise.all([
    isNeeded(/\/proxies\//) ? timed("proxies", proxiesEnv()) : {},
    isNeeded(/\/browser\//) ? timed("browser", chromiumEnv()) : {},
    isNeeded(/postgres.*\.deep\./) ? timed("postgres", postgresEnv()) : {},
    isNeeded(/types\.deep\./) ? timed("compilers", compilersEnv()) : {},
    isNeeded(/\/site\//) ? timed("site", site()) : {},
    isNeeded(/\/programs\//) ? timed("programs around express-session", programs()) : {},
  ]);
  saySkipped("behind nginx", proxies.SESSILE_NGINX_MISSING);
  saySkipped("behind Caddy", proxies.SESSILE_CADDY_MISSING);
  saySkipped("in a browser", chromium.SESSILE_CHROMIUM_MISSING);
  saySkipped("on PostgreSQL", postgres.SESSILE_POSTGRES_MISSING);
  saySkipped("behind PgBouncer", postgres.SESSILE_PGBOUNCER_MISSING);
  return { ...proxies, ...chromium, ...postgres, ...compilers };
}

function saySkipped(where, reason) {
  if (reason) say(`Tests ${where} are skipped: ${reason}`);
}

function failed(error) {
  explain(error);
  return { passed: 0, failed: 1, skipped: 0 };
}

async function timed(name, work) {
  const start = Date.now();
  const value = await work;
  say(`${name}  ${((Date.now() - start) / 1000).toFixed(1)} s`);
  return value;
}
