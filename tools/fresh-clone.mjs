// Tries this repository as a newcomer does: clones HEAD into a new folder and runs `npm test`, or the given command.
// Usage: node tools/fresh-clone.mjs [command…]
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "./ready/repository.mjs";

const given = process.argv.slice(2);
process.exitCode = tryCommand(given.length > 0 ? given : ["npm", "test"]);

/** Returns the command's exit code; the clone is kept for a look only when that is not 0. */
function tryCommand(command) {
  const folder = mkdtempSync(join(tmpdir(), "sessile-"));
  warnOfUncommitted();
  const start = Date.now();
  const code = call(["git", "clone", "--quiet", root, folder]) || call(command, folder);
  console.error(`${command.join(" ")}: exit code ${code} after ${((Date.now() - start) / 1000).toFixed(1)} s`);
  if (code === 0) rmSync(folder, { recursive: true, force: true });
  else console.error(`The clone was kept: ${folder}`);
  return code;
}

function warnOfUncommitted() {
  const { stdout } = spawnSync("git", ["status", "--porcelain"], { cwd: root, encoding: "utf8" });
  const count = stdout.split("\n").filter(Boolean).length;
  if (count > 0) console.error(`${count} changed or new files are not committed, so not in the clone.`);
}

function call([program, ...args], cwd = root) {
  return spawnSync(program, args, { cwd, stdio: "inherit", shell: process.platform === "win32" }).status ?? 1;
}
