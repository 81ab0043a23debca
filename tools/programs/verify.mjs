// Tells whether a program really runs, by asking for its version.
import { run } from "../ready/command.mjs";
import { Problem } from "../ready/problem.mjs";

/** Returns the program when it runs; else throws with the reason and what the program said. */
export async function worksOr(program, reason) {
  const { code, output } = await run(program.command, ["--version"], { env: { ...process.env, ...program.env } });
  if (code !== 0) throw new Problem(`${output.trim()}\n${reason}.`);
  return program;
}
