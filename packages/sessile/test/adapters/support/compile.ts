// Compiles a program that uses the library, by itself: what it declares about `SessionData` must not reach other tests.

import { execFile } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const COMPILER = fileURLToPath(new URL("../../../../../node_modules/.bin/tsc", import.meta.url));
const FOLDER = fileURLToPath(new URL("../../types/", import.meta.url));
const OPTIONS =
  "--ignoreConfig --noEmit --strict --exactOptionalPropertyTypes --skipLibCheck --module nodenext --target es2022";

/** What the compiler has to say about `program`; nothing when it is right. */
export function compile(name: string, program: string): Promise<string> {
  mkdirSync(FOLDER, { recursive: true });
  const file = `${FOLDER}${name}.mts`;
  writeFileSync(file, program);
  const args = [...OPTIONS.split(" "), "--types", "node", file];
  return new Promise((resolve) => execFile(COMPILER, args, { cwd: FOLDER }, (_error, output) => resolve(output)));
}
