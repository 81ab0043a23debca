// Prepares the needs of most tools: a Node with SQLite, the packages, a Redis, and a build.
import { findRedis } from "../redis.mjs";
import { requireNode20 } from "./node-version.mjs";
import { installPackages } from "./packages.mjs";
import { findRuntime } from "./runtime.mjs";
import { runScript } from "./script.mjs";

/** @returns the path of the Node, and the environment by which tests and programs find the Redis */
export async function makeReady() {
  requireNode20();
  const [node, , { command, env }] = await Promise.all([findRuntime(), installPackages(), findRedis()]);
  await runScript("build");
  return { node, env: { SESSILE_REDIS_SERVER: command, SESSILE_REDIS_LIBRARY_PATH: env.LD_LIBRARY_PATH ?? "" } };
}
