// The list of test files, made from their sources, so that none is missed and no leftover of a deleted one runs.
import { existsSync, readdirSync } from "node:fs";
import { join, sep } from "node:path";
import { Problem } from "../ready/problem.mjs";
import { inRoot, root } from "../ready/repository.mjs";

/**
 * The test files whose path holds one of the filters; all of them when there is no filter.
 * @returns {{ source: string, emitted: string, isDeep: boolean }[]} paths below the root
 */
export function findTestFiles(filters) {
  const sources = testedFolders().flatMap(testsIn);
  const chosen = filters.length === 0 ? sources : sources.filter((path) => filters.some((part) => path.includes(part)));
  if (chosen.length === 0) throw new Problem(`No test file matches: ${filters.join(" ") || "there is none"}.`);
  return chosen.map(describe);
}

const testedFolders = () => [...foldersIn("packages").map((name) => join("packages", name)), "examples"];

const foldersIn = (folder) =>
  readdirSync(inRoot(folder), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name);

function testsIn(folder) {
  const tests = join(folder, "test");
  if (!existsSync(join(root, tests))) return [];
  const paths = readdirSync(join(root, tests), { recursive: true });
  return paths.filter((path) => path.endsWith(".test.ts")).map((path) => slashed(join(tests, path)));
}

function describe(source) {
  const emitted = source.replace("/test/", "/build-test/").replace(/\.ts$/, ".js");
  if (!existsSync(inRoot(emitted))) throw new Problem(`${source} was not compiled: its folder is in no tsconfig.json.`);
  const isDeep = source.endsWith(".deep.test.ts");
  return { source, emitted, isDeep };
}

const slashed = (path) => path.split(sep).join("/");
