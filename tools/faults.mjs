// `npm run test:faults`: breaks every store in every way there is, under load, and compares what clients were told with what is there
// afterwards. Words after `--` choose cells by fault or store; `--write docs/faults.md` puts the tables there.

import { spawn } from "node:child_process";
import { installPackages } from "./ready/packages.mjs";
import { explain } from "./ready/problem.mjs";
import { inRoot, root } from "./ready/repository.mjs";
import { findRuntime } from "./ready/runtime.mjs";
import { runScript } from "./ready/script.mjs";
import { findRedis } from "./redis.mjs";

const MAIN = inRoot("packages/server/build-test/faults/main.js");

try {
  const [node, , { command, env }] = await Promise.all([findRuntime(), installPackages(), findRedis()]);
  await runScript("build");
  const redis = { SESSILE_REDIS_SERVER: command, SESSILE_REDIS_LIBRARY_PATH: env.LD_LIBRARY_PATH ?? "" };
  const child = spawn(node, [MAIN, ...process.argv.slice(2)], {
    cwd: root,
    stdio: "inherit",
    env: { ...process.env, NODE_NO_WARNINGS: "1", ...redis },
  });
  for (const signal of ["SIGHUP", "SIGINT", "SIGTERM"]) process.on(signal, () => child.kill(signal));
  child.on("exit", (code) => process.exit(code ?? 1));
} catch (error) {
  explain(error);
  process.exitCode = 1;
}
