// The package as npm delivers it: the files, their types, and the modules that each entry point loads.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { temporaryFolder } from "sessile-test-support/folder";

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const PACKAGE = join(ROOT, "packages/sessile");
const MANIFEST = JSON.parse(readFileSync(join(PACKAGE, "package.json"), "utf8")) as {
  exports: Record<string, string>;
  peerDependencies: Record<string, string>;
  peerDependenciesMeta: Record<string, { optional?: boolean }>;
};
const ENTRIES = Object.entries(MANIFEST.exports).filter(([, file]) => file.endsWith(".js"));
const ADAPTERS = ENTRIES.filter(([, file]) => file.startsWith("./dist/adapters/")).map(([, file]) => file);
/** It needs express-session itself; all others stand alone. */
const MADE_OF_ANOTHER = "./express-session";

describe("the package", () => {
  const folder = temporaryFolder();
  let tarball = "";
  let files: string[] = [];

  before(async () => {
    const { stdout } = await run("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", folder], {
      cwd: PACKAGE,
    });
    const [packed] = JSON.parse(stdout) as [{ filename: string; files: { path: string }[] }];
    tarball = join(folder, packed.filename);
    files = packed.files.map(({ path }) => path);
  });

  test("holds the emitted files, their types and the papers, and nothing else", () => {
    const foreign = files.filter(
      (file) => !/^(?:package\.json|README\.md|LICENSE|dist\/[\w/-]+(?:\.d\.ts|\.js))$/.test(file),
    );
    assert.deepEqual(foreign, []);
    for (const [name, file] of ENTRIES) {
      for (const path of [file, file.replace(/\.js$/, ".d.ts")])
        assert.ok(files.includes(path.slice(2)), `${name}: ${path}`);
    }
  });

  test("is all good to publint", async () => {
    const { stdout } = await run(tool("publint"), [tarball, "--strict"], { cwd: ROOT });
    assert.match(stdout, /All good!/);
  });

  test("has types that are not wrong, at every entry point", async () => {
    const { stdout } = await run(tool("attw"), [tarball, "--profile", "esm-only", "--format", "json"], { cwd: ROOT });
    const { analysis } = JSON.parse(stdout) as { analysis: { entrypoints: object; problems: Problem[] } };
    assert.deepEqual(Object.keys(analysis.entrypoints), Object.keys(MANIFEST.exports));
    assert.deepEqual(
      analysis.problems.filter(({ kind, resolutionKind }) => !isForOldWays(kind, resolutionKind)),
      [],
    );
  });

  test("loads from each entry point where nothing else is installed", async () => {
    const home = join(folder, "home/node_modules/sessile");
    mkdirSync(home, { recursive: true });
    await run("tar", ["-xzf", tarball, "-C", home, "--strip-components=1"]);
    for (const [name] of ENTRIES.filter(([entry]) => entry !== MADE_OF_ANOTHER)) {
      const program = `await import(${JSON.stringify(name.replace(".", "sessile"))})`;
      await run(process.execPath, ["--input-type=module", "--eval", program], { cwd: dirname(dirname(home)) });
    }
  });
});

interface Problem {
  readonly kind: string;
  readonly resolutionKind?: string;
}

/** CommonJS programs get this package by `require` of an ES module, or by `import()`. */
function isForOldWays(kind: string, resolution: string | undefined): boolean {
  return resolution === "node10" || kind === "CJSResolvesToESM";
}

function tool(name: string): string {
  return join(ROOT, "node_modules/.bin", name);
}

describe("the modules that are loaded", () => {
  test("an adapter loads no other one, but where it is made of it, and no store", () => {
    const madeOf: Record<string, readonly string[]> = { "./dist/adapters/elysia.js": ["./dist/adapters/web.js"] };
    for (const entry of ADAPTERS) {
      const { files } = graphOf(entry);
      const others = files.filter(
        (file) => file !== entry && (ADAPTERS.includes(file) || file.startsWith("./dist/stores/")),
      );
      assert.deepEqual(others, madeOf[entry] ?? [], entry);
    }
  });

  test("the main entry loads the memory store alone, and a store loads no other", () => {
    const folders = (entry: string): string[] => [
      ...new Set(graphOf(entry).files.flatMap((file) => /^\.\/dist\/(stores\/[\w-]+|adapters)/.exec(file)?.[1] ?? [])),
    ];
    assert.deepEqual(folders("./dist/index.js"), ["stores/memory", "stores/paging", "stores/sid-map"]);
    assert.ok(folders("./dist/stores/redis/index.js").every((each) => !/sqlite|postgres|memory|adapters/.test(each)));
    assert.ok(folders("./dist/stores/cached/index.js").every((each) => !/sqlite|postgres|memory|adapters/.test(each)));
    assert.ok(
      folders("./dist/stores/sqlite/index.js").every((each) => !/redis|postgres|network|memory|adapters/.test(each)),
    );
    assert.ok(folders("./dist/stores/postgres/index.js").every((each) => !/redis|sqlite|memory|adapters/.test(each)));
  });

  test("what serves every runtime needs nothing of Node but its cryptography and its CRC-32", () => {
    for (const name of ["", "/web", "/hono", "/h3", "/elysia", "/next"]) {
      const { builtins } = graphOf(MANIFEST.exports[`.${name}`] as string);
      assert.ok(
        builtins.every((each) => each === "node:crypto" || each === "node:zlib"),
        `sessile${name}: ${builtins}`,
      );
    }
  });

  test("nothing is loaded but files of the package and modules of Node; by one entry, express-session", () => {
    for (const [name, entry] of ENTRIES) {
      assert.deepEqual(
        graphOf(entry).builtins.filter((each) => !each.startsWith("node:")),
        name === MADE_OF_ANOTHER ? ["express-session"] : [],
        entry,
      );
    }
  });

  test("frameworks and drivers are optional peers, each of them", () => {
    const optional = Object.entries(MANIFEST.peerDependenciesMeta).filter(([, { optional }]) => optional);
    assert.deepEqual(optional.map(([name]) => name).sort(), Object.keys(MANIFEST.peerDependencies).sort());
  });
});

const IMPORT = /(?:\bfrom |^import |\bimport\()"([^"]+)"/gm;

/** The modules that `entry` loads: files of the package by their paths, and modules of Node. */
function graphOf(entry: string): { files: string[]; builtins: string[] } {
  const files = new Set([entry]);
  const builtins = new Set<string>();
  for (const file of files) {
    const path = join(PACKAGE, file);
    for (const [, target = ""] of withoutComments(path).matchAll(IMPORT)) {
      if (target.startsWith(".")) files.add(`./${relative(PACKAGE, join(dirname(path), target))}`);
      else builtins.add(target);
    }
  }
  return { files: [...files].sort(), builtins: [...builtins].sort() };
}

function withoutComments(path: string): string {
  return readFileSync(path, "utf8").replace(/^ *\*.*$/gm, "");
}
