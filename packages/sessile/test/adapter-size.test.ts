// An adapter only translates: whoever wants to know what happens with a framework reads one screen. What is counted: lines of
// `src/adapters` that are left without types, imports, comments and blank lines, as Node itself takes types away.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import module from "node:module";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

/** Raise one only with a reason in the commit. */
const LIMIT = 72;
/** Of all files together: nothing is gained by moving lines to where they are not counted. */
const LIMIT_OF_ALL = 1200;

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const FOLDER = join(ROOT, "packages/sessile/src/adapters");
const FRAMEWORKS = ["elysia", "express", "fastify", "h3", "hono", "koa", "next", "node", "web"];

/** Since Node 22.13. */
const { stripTypeScriptTypes: withoutTypes } = module as unknown as {
  readonly stripTypeScriptTypes?: (code: string) => string;
};
const options = withoutTypes === undefined ? { skip: "this Node cannot take types away" } : {};

function linesOf(file: string): number {
  const code = withoutTypes?.(readFileSync(join(FOLDER, file), "utf8")) ?? "";
  return code
    .replace(/\/\*[\s\S]*?\*\//g, "")
    .replace(/^\s*\/\/.*$/gm, "")
    .replace(/^import [^;]*;$/gm, "")
    .split("\n")
    .filter((line) => /[^\s;]/.test(line)).length;
}

test(`every adapter has at most ${LIMIT} lines of code`, options, () => {
  const sizes = FRAMEWORKS.map((name) => [name, linesOf(`${name}.ts`)] as const);
  assert.deepEqual(
    sizes.filter(([, lines]) => lines > LIMIT || lines < 10),
    [],
  );
});

test(`all files of the adapters together have at most ${LIMIT_OF_ALL} lines of code`, options, () => {
  const all = readdirSync(FOLDER).reduce((sum, file) => sum + linesOf(file), 0);
  assert.ok(all <= LIMIT_OF_ALL, `${all} lines`);
});

test("the adapters are the entry points of the package", () => {
  const { exports } = JSON.parse(readFileSync(join(ROOT, "packages/sessile/package.json"), "utf8")) as {
    exports: Record<string, string>;
  };
  const adapters = Object.entries(exports).filter(([, file]) => file.startsWith("./dist/adapters/"));
  assert.deepEqual(adapters.map(([name]) => name.slice("./".length)).sort(), FRAMEWORKS);
});
