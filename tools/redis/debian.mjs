// Brings redis-server out of Debian's or Ubuntu's packages into .cache/redis, without root and without installing it.
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Problem } from "../ready/problem.mjs";
import { inRoot } from "../ready/repository.mjs";
import { downloadRedis } from "./apt.mjs";
import { findOnPath } from "./path.mjs";
import { unpack } from "./unpack.mjs";
import { worksOr } from "./verify.mjs";

const HOME = inRoot(".cache/redis");

/** The server that an earlier run brought; undefined when there is none or it no longer runs. */
export async function cachedRedis() {
  if (!existsSync(HOME)) return undefined;
  return worksOr(redisIn(HOME), "").catch(() => undefined);
}

/** Brings the server; undefined on a system without apt and dpkg. A failure ends with the advice. */
export async function bringFromDebian(advice) {
  if (!findOnPath("apt-get") || !findOnPath("dpkg")) return undefined;
  process.stderr.write("Fetching redis-server for the tests (first run only)…\n");
  try {
    return await bring(`${HOME}.${process.pid}`);
  } catch (error) {
    throw new Problem(`${error.message}\nFetching redis-server from the system's packages failed.\n\n${advice}`);
  }
}

// Everything happens in a folder of its own, which gets its name only when the server in it has run once.
async function bring(draft) {
  try {
    mkdirSync(draft, { recursive: true });
    await unpack(await downloadRedis(draft), join(draft, "root"));
    await worksOr(redisIn(draft), "the redis-server that was fetched does not run");
    rmSync(HOME, { recursive: true, force: true });
    for (const name of ["apt", "archives"]) rmSync(join(draft, name), { recursive: true });
    renameSync(draft, HOME);
    return redisIn(HOME);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

function redisIn(home) {
  const libraries = ["usr/lib", "lib"].flatMap((folder) => multiarchFolders(join(home, "root", folder)));
  return { command: join(home, "root/usr/bin/redis-server"), env: { LD_LIBRARY_PATH: libraries.join(":") } };
}

// Debian keeps libraries in a folder named after the machine, such as x86_64-linux-gnu.
function multiarchFolders(folder) {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).filter((name) => name.includes("-linux-gnu"));
  return names.map((name) => join(folder, name));
}
