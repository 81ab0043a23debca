// A program with every store, made into one file by a bundler, and run where none of its packages are.

import { execFile } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { byDepth } from "sessile-test-support/depth";
import { unable } from "./stores/sqlite/raw.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

/** esbuild takes the library as it was built; the others are fetched, and take it as it is packed. */
const BUNDLERS: Readonly<Record<string, readonly string[]>> = byDepth(
  { esbuild: ["esbuild", "--built"] },
  { esbuild: ["esbuild", "--built"] },
  { "esbuild, rollup, webpack, ncc and Next.js": [] },
);

for (const [names, args] of Object.entries(BUNDLERS)) {
  test(`a bundle by ${names} signs in on each store, and stays signed in after a restart`, {
    skip: unable,
  }, async () => {
    await promisify(execFile)(process.execPath, ["tools/test-bundles.mjs", ...args], { cwd: ROOT });
  });
}
