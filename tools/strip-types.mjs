// Makes JavaScript of the library's and the server's TypeScript without a compiler: Node takes the types out. `npm start`
// runs it, because a compiler would need the types of every framework that the library has an adapter for.
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { dirname } from "node:path";
import { inRoot } from "./ready/repository.mjs";

/** The specifiers that the compiler rewrites, too. */
const RELATIVE = /(\bfrom |\bimport |\bimport\()"(\.\.?\/[^"]+)\.ts"/g;

for (const name of ["sessile", "server"]) {
  for (const path of readdirSync(inRoot("packages", name, "src"), { recursive: true })) {
    const target = inRoot("packages", name, "dist", path.replace(/\.ts$/, ".js"));
    if (path.endsWith(".ts")) strip(inRoot("packages", name, "src", path), target);
  }
}

/** Leaves what is up to date. */
function strip(source, target) {
  if (modifiedAt(target) > modifiedAt(source)) return;
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, stripTypeScriptTypes(readFileSync(source, "utf8")).replace(RELATIVE, '$1"$2.js"'));
}

function modifiedAt(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
