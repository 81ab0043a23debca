// A Redis for the bench, on the core of the load.
import { spawnSync } from "node:child_process";
import { startRedis } from "sessile-test-support/redis-server";
import { CORES, isPinned } from "./processes.mjs";

export async function startRedisApart() {
  const redis = await startRedis();
  if (isPinned) spawnSync("taskset", ["-acp", String(CORES.load), String(redis.pid)]);
  return redis;
}
