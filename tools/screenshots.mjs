// `npm run screenshots -- [FOLDER]`: pictures of the pages, in light, dark, narrow and very wide.
import { spawnSync } from "node:child_process";
import { findChromium } from "./chromium.mjs";
import { installPackages } from "./ready/packages.mjs";
import { explain, Problem } from "./ready/problem.mjs";
import { inRoot } from "./ready/repository.mjs";
import { findRuntime } from "./ready/runtime.mjs";
import { runScript } from "./ready/script.mjs";

try {
  const [node, , { command, env, missing }] = await Promise.all([findRuntime(), installPackages(), findChromium()]);
  if (missing) throw new Problem(missing);
  await runScript("build");
  const program = inRoot("packages/server/build-test/admin/browser/screenshots.js");
  const where = { SESSILE_CHROMIUM: command, SESSILE_CHROMIUM_LIBRARY_PATH: env.LD_LIBRARY_PATH ?? "" };
  const options = { stdio: "inherit", env: { ...process.env, ...where } };
  process.exitCode = spawnSync(node, [program, ...process.argv.slice(2)], options).status ?? 1;
} catch (error) {
  explain(error);
  process.exitCode = 1;
}
