// Runs a program of the server's browser tests, once there is a Chromium.
import { spawnSync } from "node:child_process";
import { chromiumEnv } from "../chromium.mjs";
import { explain, Problem } from "../ready/problem.mjs";
import { inRoot } from "../ready/repository.mjs";

/** Its exit code becomes that of this process. */
export async function runInBrowser(name, args) {
  try {
    const env = await chromiumEnv();
    if (env.SESSILE_CHROMIUM_MISSING) throw new Problem(env.SESSILE_CHROMIUM_MISSING);
    const program = inRoot("packages/server/build-test/admin/browser", `${name}.js`);
    const options = { stdio: "inherit", env: { ...process.env, ...env } };
    process.exitCode = spawnSync(process.execPath, [program, ...args], options).status ?? 1;
  } catch (error) {
    explain(error);
    process.exitCode = 1;
  }
}
