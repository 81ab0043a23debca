// The programs of a page of the documentation as files of an application.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Problem } from "../ready/problem.mjs";
import { inRoot } from "../ready/repository.mjs";

/** Writes each program of a section that begins with the name of its file. */
export function writeRecipe({ name: section, page }, folder) {
  const text =
    readFileSync(inRoot(page), "utf8")
      .split(/^## /m)
      .find((each) => each.startsWith(`${section}\n`)) ?? "";
  const programs = [...text.matchAll(/^```(?:tsx?|js)\n(\/\/ (\S+)\n[\s\S]*?)^```/gm)];
  if (programs.length === 0) throw new Problem(`${page} has no recipe for ${section}.`);
  for (const [, code, name] of programs) {
    const file = join(folder, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, code);
  }
}
