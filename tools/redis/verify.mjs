// Tells whether a Redis server really runs, by asking for its version.
import { run } from "../ready/command.mjs";
import { Problem } from "../ready/problem.mjs";

/** Returns the server when it runs; else throws with the reason and what the program said. */
export async function worksOr(redis, reason) {
  const { code, output } = await run(redis.command, ["--version"], { env: { ...process.env, ...redis.env } });
  if (code !== 0) throw new Problem(`${output.trim()}\n${reason}.`);
  return redis;
}
