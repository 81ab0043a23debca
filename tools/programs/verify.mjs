// Checks that a program runs, by asking for its version or another short answer.
import { run } from "../ready/command.mjs";
import { Problem } from "../ready/problem.mjs";

/** Returns the program when it runs; otherwise throws with the reason and the program's output. */
export async function worksOr(program, reason) {
  const { command, probe = ["--version"] } = program;
  const { code, output } = await run(command, probe, { env: { ...process.env, ...program.env } });
  if (code !== 0) throw new Problem(`${output.trim()}\n${reason}.`);
  return program;
}
