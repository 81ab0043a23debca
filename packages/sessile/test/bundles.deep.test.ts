// A program with every store, made into one file by esbuild, and run where none of its packages are.

import { execFile } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { unable } from "./stores/sqlite/raw.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

test("a bundle by esbuild signs in on each store, and stays signed in after a restart", { skip: unable }, async () => {
  const args = ["tools/bundles/main.mjs", "esbuild", "--built"];
  await promisify(execFile)(process.execPath, args, { cwd: ROOT });
});
