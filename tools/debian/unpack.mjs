// Unpacks Debian packages into a folder without running their scripts.
import { mkdirSync } from "node:fs";
import { run } from "../ready/command.mjs";
import { Problem } from "../ready/problem.mjs";

/** Unpacks every archive into the same folder. */
export async function unpack(archives, folder) {
  mkdirSync(folder, { recursive: true });
  for (const archive of archives) {
    const { code, output } = await run("dpkg", ["-x", archive, folder]);
    if (code !== 0) throw new Problem(output);
  }
}
