// Runs a program of the server's browser tests, with everything it needs made ready before.
import { spawnSync } from "node:child_process";
import { findChromium } from "./chromium.mjs";
import { installPackages } from "./ready/packages.mjs";
import { explain, Problem } from "./ready/problem.mjs";
import { inRoot } from "./ready/repository.mjs";
import { findRuntime } from "./ready/runtime.mjs";
import { runScript } from "./ready/script.mjs";

/** Its exit code becomes that of this process. */
export async function runInBrowser(name, args) {
  try {
    const [node, , { command, env, missing }] = await Promise.all([findRuntime(), installPackages(), findChromium()]);
    if (missing) throw new Problem(missing);
    await runScript("build");
    const program = inRoot("packages/server/build-test/admin/browser", `${name}.js`);
    const where = { SESSILE_CHROMIUM: command, SESSILE_CHROMIUM_LIBRARY_PATH: env.LD_LIBRARY_PATH ?? "" };
    const options = { stdio: "inherit", env: { ...process.env, ...where } };
    process.exitCode = spawnSync(node, [program, ...args], options).status ?? 1;
  } catch (error) {
    explain(error);
    process.exitCode = 1;
  }
}
