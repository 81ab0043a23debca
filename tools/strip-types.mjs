// Makes JavaScript of the library's and the server's TypeScript without a compiler: Node takes the types out. `npm start`
// runs it, because a compiler would need the types of every framework that the library has an adapter for.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { dirname } from "node:path";
import { inRoot } from "./ready/repository.mjs";

/** The specifiers that the compiler rewrites, too. */
const RELATIVE = /(\bfrom |\bimport |\bimport\()"(\.\.?\/[^"]+)\.ts"/g;

for (const name of ["sessile", "server"]) {
  // A compiler that comes later must not take these files for its own.
  rmSync(inRoot("packages", name, "dist/.tsbuildinfo"), { force: true });
  for (const path of readdirSync(inRoot("packages", name, "src"), { recursive: true })) {
    if (!path.endsWith(".ts")) continue;
    const text = stripTypeScriptTypes(readFileSync(inRoot("packages", name, "src", path), "utf8"));
    const target = inRoot("packages", name, "dist", path.replace(/\.ts$/, ".js"));
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, text.replace(RELATIVE, '$1"$2.js"'));
  }
}
