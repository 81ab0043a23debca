// Compiles a program that uses the library, by itself: the manager that it registers must not reach other tests. The deep
// tests do so with older compilers as well.

import { execFile } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const { SESSILE_COMPILERS: OLDER } = process.env;
const COMPILERS = [
  fileURLToPath(new URL("../../../../../node_modules/typescript/bin/tsc", import.meta.url)),
  ...(OLDER ? ["typescript-5.4", "typescript-5.9"].map((name) => join(OLDER, name, "bin/tsc")) : []),
];
const FOLDER = fileURLToPath(new URL("../../types/", import.meta.url));
const OPTIONS =
  "--noEmit --strict --exactOptionalPropertyTypes --skipLibCheck --module nodenext --target es2022 --types node";

/** What the compilers print for `program`; nothing when it is right. */
export async function compile(name: string, program: string): Promise<string> {
  return [...new Set(await compileAll({ [name]: program }))].join("\n");
}

/** What each compiler prints for the files of one program, the newest first. */
export async function compileAll(files: Readonly<Record<string, string>>): Promise<string[]> {
  mkdirSync(FOLDER, { recursive: true });
  const paths = Object.keys(files).map((name) => `${FOLDER}${name}.mts`);
  for (const [name, text] of Object.entries(files)) writeFileSync(`${FOLDER}${name}.mts`, text);
  const outputs: string[] = [];
  for (const compiler of COMPILERS) outputs.push(await runCompiler(compiler, paths));
  return outputs;
}

function runCompiler(compiler: string, paths: readonly string[]): Promise<string> {
  const isOlder = compiler !== COMPILERS[0];
  const args = [compiler, ...(isOlder ? [] : ["--ignoreConfig"]), ...OPTIONS.split(" "), ...paths];
  return new Promise((resolve) =>
    execFile(process.execPath, args, { cwd: FOLDER }, (_error, output) => resolve(output)),
  );
}
