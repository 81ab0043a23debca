// Tells whether a program really runs, by asking for its version, or something else that it can do at once.
import { run } from "../ready/command.mjs";
import { Problem } from "../ready/problem.mjs";

/** Returns the program when it runs; else throws with the reason and what the program said. */
export async function worksOr(program, reason) {
  const { command, probe = ["--version"] } = program;
  const { code, output } = await run(command, probe, { env: { ...process.env, ...program.env } });
  if (code !== 0) throw new Problem(`${output.trim()}\n${reason}.`);
  return program;
}
