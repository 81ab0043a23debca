// Promises that a machine can check: import direction, README code, the list of errors, the list of entry points.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { STATUS } from "#dist/core/errors.js";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const SOURCE = join(ROOT, "packages/sessile/src");

/** Which folders of the library a folder may import from. */
const ALLOWED: Record<string, readonly string[]> = {
  core: ["core"],
  transports: ["transports", "core"],
  stores: ["stores", "core"],
  "keys.ts": ["core"],
  "store.ts": ["core"],
  "adapter.ts": ["adapters", "core"],
  "express-session": ["core"],
  "express-session.ts": ["express-session", "transports", "core"],
  "former-sessions.ts": ["express-session", "transports", "core"],
  adapters: ["adapters", "core"],
  testing: ["testing", "core", "stores", "transports"],
};

/** As strict as a new user's project, and without ours. */
const COMPILE = "--ignoreConfig --noEmit --strict --skipLibCheck --module nodenext --target es2022 --types node".split(
  " ",
);

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts") && !file.includes("node_modules"))
    .map((file) => join(folder, file));
}

function importsOf(file: string): string[] {
  return [...readFileSync(file, "utf8").matchAll(/(?:from|import\()\s*"([^"]+)"/g)].map(
    ([, target]) => target as string,
  );
}

/**
 * The rooms of the server in ARCHITECTURE.md, from the top: each may import itself and the ones below that its row
 * names.
 */
function roomsOfServer(): [string, string[]][] {
  const text = readFileSync(join(ROOT, "ARCHITECTURE.md"), "utf8");
  const rows = [...text.matchAll(/^\| `(\w+)\/` +\| (`[^|]*`|none) +\|/gm)] as unknown as [string, string, string][];
  return rows.map(([, room, named]) => [room, [...named.matchAll(/\w+(?=\/)/g)].map(String)]);
}

/** Files of `source` that import a folder which `allowed` does not name for theirs. */
function wrongImports(source: string, allowed: Record<string, readonly string[]>): string[] {
  const folderOf = (file: string) => relative(source, file).split("/")[0] as string;
  return filesBelow(source).flatMap((file) =>
    importsOf(file)
      .filter((target) => target.startsWith("."))
      .filter((target) => allowed[folderOf(file)]?.includes(folderOf(join(dirname(file), target))) === false)
      .map((target) => `${relative(ROOT, file)} imports ${target}`),
  );
}

test("imports inside the library run one way: everything knows the core, the core knows nothing", () => {
  assert.deepEqual(wrongImports(SOURCE, ALLOWED), []);
});

test("imports inside the server run one way, as the table in ARCHITECTURE.md says", () => {
  const source = join(ROOT, "packages/server/src");
  const rooms = roomsOfServer();
  const names = rooms.map(([room]) => room);
  const folders = new Set(filesBelow(source).map((file) => dirname(relative(source, file)).split("/")[0] as string));
  assert.deepEqual([...names, "."].sort(), [...folders].sort());
  for (const [index, [room, below]] of rooms.entries())
    for (const each of below) assert.ok(names.indexOf(each) > index, `${room}/ may not import ${each}/ above it`);
  assert.deepEqual(
    wrongImports(source, Object.fromEntries(rooms.map(([room, below]) => [room, [room, ...below]]))),
    [],
  );
});

test("no file of the library or the server is part of a cycle of runtime imports", () => {
  for (const source of [SOURCE, join(ROOT, "packages/server/src")]) {
    const next = new Map(filesBelow(source).map((file) => [file, runtimeImportsOf(file)]));
    const done = new Set<string>();
    const visit = (file: string, path: readonly string[]): void => {
      const cycle = path.slice(path.indexOf(file)).map((each) => relative(source, each));
      assert.ok(!path.includes(file), `a cycle: ${cycle.join(", ")}`);
      if (done.has(file)) return;
      for (const target of next.get(file) ?? []) visit(target, [...path, file]);
      done.add(file);
    };
    for (const file of next.keys()) visit(file, []);
  }
});

/** The files beside `file` that are loaded with it. */
function runtimeImportsOf(file: string): string[] {
  const statements = [...readFileSync(file, "utf8").matchAll(/^(?:import|export) (?!type )[^;]*?from "(\.[^"]+)"/gm)];
  return statements
    .filter(([statement]) => !/^import \{(?: *type \w+(?: as \w+)?,?)+ *\}/.test(statement.replace(/\s+/g, " ")))
    .map(([, target]) => join(dirname(file), target as string));
}

test("the library has no runtime dependency: it imports Node and, as types, the frameworks; one entry is for express-session", () => {
  const manifest = JSON.parse(readFileSync(join(ROOT, "packages/sessile/package.json"), "utf8")) as Record<
    string,
    unknown
  >;
  assert.equal(manifest["dependencies"], undefined);
  for (const file of filesBelow(SOURCE)) {
    const text = readFileSync(file, "utf8")
      .replace(/^import type [^;]+;/gm, "")
      .replace(/^ \*.*$/gm, "");
    const foreign = [...text.matchAll(/from "([^."][^"]*)"/g)]
      .map(([, target]) => target as string)
      .filter((target) => !target.startsWith("node:"));
    assert.deepEqual(foreign, file.endsWith("/express-session.ts") ? ["express-session"] : [], relative(ROOT, file));
  }
});

test("the server and the examples use nothing of the library but its public entry points", () => {
  const entries = Object.keys(exportsOf("sessile")).map((entry) => entry.replace(/^\./, "sessile"));
  for (const folder of ["packages/server/src", "examples"]) {
    for (const file of filesBelow(join(ROOT, folder))) {
      for (const target of importsOf(file).filter((each) => /(^|\/)sessile(\/|$)/.test(each))) {
        assert.ok(entries.includes(target), `${relative(ROOT, file)} imports ${target}`);
      }
    }
  }
});

test("every file and folder that the pages for contributors name is there", () => {
  for (const page of ["ARCHITECTURE.md", "CONTRIBUTING.md"]) {
    const text = readFileSync(join(ROOT, page), "utf8");
    const named = [
      ...text.matchAll(/`((?:core|transports|stores|adapters|testing|packages|examples|bench)\/[^` …]*)`/g),
    ];
    assert.ok(named.length >= 3, page);
    for (const [, path] of named as unknown as [string, string][]) {
      const base = path.startsWith("packages/") || /^(examples|bench)\//.test(path) ? ROOT : SOURCE;
      assert.ok(existsSync(join(base, path)), `${page} names ${path}`);
    }
  }
});

test("every error code is explained in docs/errors.md, and nothing else is", () => {
  const documented = [...readFileSync(join(ROOT, "docs/errors.md"), "utf8").matchAll(/^\| `(ERR_\w+)` +\| (\d{3})/gm)];
  assert.deepEqual(documented.map(([, code]) => code).sort(), Object.keys(STATUS).sort());
});

test("every entry point in the README is exported, and every export but the helpers is in the README", () => {
  const readme = readFileSync(join(ROOT, "README.md"), "utf8");
  const named = new Set(
    [...readme.matchAll(/`(sessile\/[a-z0-9-]+)`/g)].map(([, name]) => `.${name?.slice("sessile".length)}`),
  );
  const exported = Object.keys(exportsOf("sessile"));
  for (const name of named) assert.ok(exported.includes(name), name);
  for (const name of exported)
    assert.ok([".", "./package.json"].includes(name) || named.has(name), `${name} is not in the README`);
  assert.ok(readme.split("\n").length <= 150, "the README stays within 150 lines");
});

test("the README's program compiles, runs and does what it says", async () => {
  const [program, changes] = codeBlocks("README.md", "ts") as [string, string];
  assert.equal(program.split("\n").filter((line) => line !== "" && !line.startsWith("import")).length, 10);
  const folder = join(ROOT, "packages/sessile/build-test/readme");
  mkdirSync(folder, { recursive: true });
  const inRoute = `app.post("/change", async ({ session }) => {\n${changes.replace("await session.signOut();", "")}\n});\n`;
  const runnable = program.replace(
    "await app.listen({ port: 3000 });",
    `${inRoute}console.log(await app.listen({ port: 0 }));`,
  );
  assert.notEqual(runnable, program);
  const file = join(folder, "program.mts");
  writeFileSync(file, runnable);
  execFileSync(join(ROOT, "node_modules/.bin/tsc"), [...COMPILE, file], { cwd: folder, stdio: "pipe" });
  const child = spawn(process.execPath, [file], { stdio: ["ignore", "pipe", "inherit"] });
  try {
    const [line] = (await once(child.stdout, "data")) as [Buffer];
    await useProgram(String(line).trim());
  } finally {
    child.kill();
  }
});

test("every program in docs/testing.md compiles and runs", () => {
  const folder = join(ROOT, "packages/sessile/build-test/docs");
  mkdirSync(folder, { recursive: true });
  const programs = codeBlocks("docs/testing.md", "ts");
  assert.ok(programs.length >= 4);
  const files = programs.map((_, i) => join(folder, `testing-${i}.mts`));
  for (const [i, program] of programs.entries()) writeFileSync(files[i] as string, `${program}\nprocess.exit();\n`);
  execFileSync(join(ROOT, "node_modules/.bin/tsc"), [...COMPILE, ...files], { cwd: folder, stdio: "pipe" });
  for (const [i, program] of programs.entries()) {
    const output = execFileSync(process.execPath, ["--input-type=module", "-e", `${program}\nprocess.exit();`], {
      cwd: folder,
    });
    assert.equal(String(output), program.includes("console.log") ? "null\n" : "", files[i]);
  }
});

async function useProgram(url: string): Promise<void> {
  const refused = await fetch(`${url}/profile`);
  assert.deepEqual([refused.status, await refused.json()], [401, { detail: "Not authenticated" }]);
  const welcome = await fetch(`${url}/login`, { method: "POST" });
  const cookie = (welcome.headers.get("set-cookie") ?? "").split(";")[0] as string;
  assert.match(cookie, /^__Host-session=ses_/);
  const known = await fetch(`${url}/profile`, { headers: { cookie } });
  assert.deepEqual(await known.json(), { id: "42", name: "Anna" });
  assert.equal((await fetch(`${url}/change`, { method: "POST", headers: { cookie } })).status, 200);
  assert.equal((await fetch(`${url}/logout`, { method: "POST", headers: { cookie } })).status, 200);
  assert.equal((await fetch(`${url}/profile`, { headers: { cookie } })).status, 401);
}

function exportsOf(name: string): Record<string, string> {
  return (
    JSON.parse(readFileSync(join(ROOT, `packages/${name}/package.json`), "utf8")) as { exports: Record<string, string> }
  ).exports;
}

function codeBlocks(file: string, language: string): string[] {
  const text = readFileSync(join(ROOT, file), "utf8");
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\``, "gm"))].map(
    ([, code]) => code as string,
  );
}
