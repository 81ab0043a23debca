// Installs the packages of a lock file, once for each state of that file.
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { npm } from "./command.mjs";
import { Problem } from "./problem.mjs";
import { root } from "./repository.mjs";

// Optional packages are always needed here, and development packages but where left out, whatever NODE_ENV and the
// user's settings say. No package may run a script during its installation.
const WANTED = ["--include=optional", "--ignore-scripts"];
const QUIET = ["--loglevel=error", "--no-audit", "--no-fund"];

/** The end of npm's reason, before a page of its options. */
const USAGE = /^npm error Clean install a project/m;

/** Installs the root's packages, and those of its workspaces. */
export async function installPackages() {
  await installFolder(root, "Installing packages for build, lint and tests, 440 MB (first start only)…");
}

/**
 * Installs the packages that the server needs to run; all of them where development packages are there already.
 * @returns whether there is a compiler
 */
export async function installServing() {
  if (existsSync(join(root, "node_modules/typescript"))) {
    await installPackages();
    return true;
  }
  const workspaces = ["--workspace=packages/server", "--workspace=packages/server/admin"];
  const message = "Installing the packages of the server, 60 MB (first start only)…";
  await installFolder(root, message, ["--omit=dev", ...workspaces], "-serving");
  return false;
}

/** Installs a folder's packages, unless this was done for the present lock file. `kind` tells apart parts of them. */
export async function installFolder(folder, message, flags = [], kind = "") {
  const stamp = stampIn(folder, kind);
  const wanted = hashOf(join(folder, "package-lock.json"));
  if (readIfThere(stamp) === wanted) return;
  process.stderr.write(`${message}\n`);
  const all = [...(flags.includes("--omit=dev") ? [] : ["--include=dev"]), ...WANTED, ...QUIET, ...flags];
  const { code, output } = await npm(["ci", ...all], { cwd: folder });
  if (code !== 0) throw new Problem(`${output.split(USAGE)[0]}\nnpm ci failed.${hint(output)}`);
  writeFileSync(stamp, wanted);
}

const stampIn = (folder, kind = "") => join(folder, "node_modules", `.sessile-install${kind}`);

const hashOf = (file) => createHash("sha256").update(readFileSync(file)).digest("hex");

function readIfThere(file) {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

// npm leaves out packages that a registry does not have, then refuses its own lock file for it.
function hint(output) {
  if (!output.includes("from lock file")) return "";
  return " If package.json is unchanged, run `node tools/complete-lock.mjs`; else run `npm install` first.";
}
