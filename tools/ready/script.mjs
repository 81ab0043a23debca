// Runs a script of the root's package.json quietly.
import { npm } from "./command.mjs";
import { Problem } from "./problem.mjs";

/** Shows the script's output only when it fails. `build` takes about 0.3 s when nothing changed. */
export async function runScript(name, ...args) {
  const { code, output } = await npm(["run", "--silent", name, "--", ...args]);
  if (code !== 0) throw new Problem(`${output}\nnpm run ${name} failed.`);
}
