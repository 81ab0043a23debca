// Downloads packages, and those that they need and the system lacks, from the system's own sources.
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { run } from "../ready/command.mjs";
import { Problem } from "../ready/problem.mjs";

/** Downloads into a folder and returns the archives' paths. */
export async function downloadPackage(home, name) {
  const folders = makeFolders(home);
  const cache = ["-o", `Dir::Cache=${folders.cache}`];
  // The system's own package lists save an update, if they exist and are not too old.
  const quick = await download(cache, folders.archives, name);
  if (quick.code === 0) return archivesIn(folders.archives);
  const lists = [...cache, "-o", `Dir::State::Lists=${folders.lists}`];
  // One unreachable source fails the update. The download decides whether that matters.
  const update = await run("apt-get", [...lists, "--quiet", "update"]);
  const full = await download(lists, folders.archives, name);
  if (full.code !== 0) throw new Problem(`${update.output}\n${full.output}`);
  return archivesIn(folders.archives);
}

async function download(options, folder, name) {
  const plan = await run("apt-get", [
    ...options,
    "install",
    "--simulate",
    "--no-install-recommends",
    ...name.split(" "),
  ]);
  if (plan.code !== 0) return plan;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  return run("apt-get", [...options, "--quiet", "download", ...newPackages(plan.output)], { cwd: folder });
}

// "Inst name (version …)" is a package the system lacks; one with "[old version]" in between is an upgrade, left alone.
const newPackages = (plan) => [...plan.matchAll(/^Inst (\S+) \(/gm)].map(([, name]) => name);

function makeFolders(home) {
  const folders = { cache: join(home, "apt/cache"), lists: join(home, "apt/lists"), archives: join(home, "archives") };
  mkdirSync(join(folders.cache, "archives/partial"), { recursive: true });
  mkdirSync(join(folders.lists, "partial"), { recursive: true });
  return folders;
}

const archivesIn = (folder) =>
  readdirSync(folder)
    .filter((name) => name.endsWith(".deb"))
    .map((name) => join(folder, name));
