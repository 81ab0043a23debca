// Takes a program from Debian's or Ubuntu's packages into a folder of its own, without root and without installing it.
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { findOnPath } from "../programs/path.mjs";
import { worksOr } from "../programs/verify.mjs";
import { Problem } from "../ready/problem.mjs";
import { downloadPackage } from "./apt.mjs";
import { unpack } from "./unpack.mjs";

/**
 * @typedef {object} Wanted
 * @property {string} package its name, or several
 * @property {string} purpose the tests that need it
 * @property {number} megabytes about what it takes on the disk
 * @property {string} [path] the path of the program in it
 * @property {string} home the folder it is unpacked into
 * @property {string[]} [probe] arguments with which it ends at once, successfully
 * @property {(home: string) => { command: string, env: Record<string, string> }} [programIn] finds it, if not at `path`
 */

/** The program that an earlier run unpacked; undefined when there is none or it no longer runs. */
export async function broughtBefore(wanted) {
  if (!existsSync(wanted.home)) return undefined;
  return worksOr(programIn(wanted.home, wanted), "").catch(() => undefined);
}

/** Unpacks the program; undefined on a system without apt and dpkg. A failure ends with the advice. */
export async function bringFromDebian(wanted, advice) {
  if (!findOnPath("apt-get") || !findOnPath("dpkg")) return undefined;
  process.stderr.write(`Fetching ${wanted.package} for ${wanted.purpose}, ${wanted.megabytes} MB (first run only)…\n`);
  try {
    return await bring(wanted, `${wanted.home}.${process.pid}`);
  } catch (error) {
    throw new Problem(`${error.message}\nFetching ${wanted.package} from the system's packages failed.\n\n${advice}`);
  }
}

// All steps happen in a temporary folder, which is renamed only after the program in it has run once.
async function bring(wanted, draft) {
  try {
    mkdirSync(draft, { recursive: true });
    await unpack(await downloadPackage(draft, wanted.package), join(draft, "root"));
    await worksOr(programIn(draft, wanted), `the ${wanted.package} that was fetched does not run`);
    rmSync(wanted.home, { recursive: true, force: true });
    for (const name of ["apt", "archives"]) rmSync(join(draft, name), { recursive: true });
    renameSync(draft, wanted.home);
    return programIn(wanted.home, wanted);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

function programIn(home, wanted) {
  return { ...(wanted.programIn?.(home) ?? unpacked(home, wanted)), probe: wanted.probe };
}

function unpacked(home, { path }) {
  const libraries = ["usr/lib", "lib"].flatMap((folder) => multiarchFolders(join(home, "root", folder)));
  return { command: join(home, "root", path), env: { LD_LIBRARY_PATH: libraries.join(":") } };
}

// Debian keeps libraries in a folder named after the machine, such as x86_64-linux-gnu.
function multiarchFolders(folder) {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).filter((name) => name.includes("-linux-gnu"));
  // Debian keeps one of Chromium's libraries in a subfolder.
  return names.flatMap((name) => [join(folder, name), join(folder, name, "pulseaudio")]);
}
