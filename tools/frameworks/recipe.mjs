// The recipes of the documentation as files of an application. docs/frameworks.md assumes `manager` and `userOf`; here
// they are imported.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { Problem } from "../ready/problem.mjs";
import { inRoot } from "../ready/repository.mjs";

const GRANTED = ["manager", "userOf"];

/** Writes each program of a section that begins with the name of its file. */
export function writeRecipe({ name: section, page = "docs/frameworks.md" }, folder) {
  const text =
    readFileSync(inRoot(page), "utf8")
      .split(/^## /m)
      .find((each) => each.startsWith(`${section}\n`)) ?? "";
  const programs = [...text.matchAll(/^```(?:tsx?|js)\n(\/\/ (\S+)\n[\s\S]*?)^```/gm)];
  if (programs.length === 0) throw new Problem(`${page} has no recipe for ${section}.`);
  for (const [, code, name] of programs) {
    const file = join(folder, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, withImports(code, relative(dirname(file), join(folder, "manager"))));
  }
}

/** In front of the first import, which comes after a directive such as "use server". */
function withImports(code, path) {
  const isMissing = (name) =>
    new RegExp(`\\b${name}\\b`).test(code) && !new RegExp(`(?:const|import .*) ${name}\\b`).test(code);
  const used = GRANTED.filter(isMissing);
  if (used.length === 0) return code;
  const module = path.startsWith(".") ? path : `./${path}`;
  return code.replace(/^(?=import )/m, `import { ${used.join(", ")} } from "${module}";\n`);
}
