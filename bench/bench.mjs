// `npm run bench` and `npm run bench:all`: brings what is missing, measures, writes bench/results/ and docs/performance.md.
// Words choose questions by a part of their name. Needs about 5 and 30 minutes, and a machine that does nothing else.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { installFolder, installPackages } from "../tools/ready/packages.mjs";
import { explain } from "../tools/ready/problem.mjs";
import { inRoot } from "../tools/ready/repository.mjs";
import { findRuntime } from "../tools/ready/runtime.mjs";
import { runScript } from "../tools/ready/script.mjs";
import { findRedis } from "../tools/redis.mjs";

try {
  await installPackages();
  await installFolder(inRoot("bench"), "Installing what Sessile is measured against (first run only)…");
  const [runtime, redis] = await Promise.all([findRuntime(), findRedis(), runScript("build")]);
  const env = {
    ...process.env,
    SESSILE_REDIS_SERVER: redis.command,
    SESSILE_REDIS_LIBRARY_PATH: redis.env.LD_LIBRARY_PATH ?? "",
  };
  const file = fileURLToPath(new URL("run.mjs", import.meta.url));
  spawn(runtime, [file, ...process.argv.slice(2)], { stdio: "inherit", env }).on("exit", (code) => {
    process.exitCode = code ?? 1;
  });
} catch (error) {
  explain(error);
  process.exitCode = 1;
}
