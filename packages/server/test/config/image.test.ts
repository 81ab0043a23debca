// The lock files that the image and every folder of this repository are installed from, to the hash.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));

test("every stage of the image installs what the lock file names, and nothing by a range of versions", () => {
  const file = readFileSync(`${ROOT}deploy/Dockerfile`, "utf8");
  const commands = file
    .split("\n")
    .filter((line) => !line.startsWith("#"))
    .join("\n");
  assert.equal(commands.match(/\bnpm ci\b/g)?.length, 2);
  assert.doesNotMatch(commands, /\bnpm (?:i|install|add|exec|update)\b|\bnpx\b/);
  assert.equal(commands.match(/^COPY .*package-lock\.json/gm)?.length, 2);
});

test("the image names no release: it packs and unpacks whichever package.json says", () => {
  const file = readFileSync(`${ROOT}deploy/Dockerfile`, "utf8");
  assert.doesNotMatch(file, /(?<![\d.])\d+\.\d+\.\d+(?![\d.])/);
  assert.deepEqual(file.match(/\/build\/sessile\S*\.tgz/g), [
    "/build/sessile-[0-9]*.tgz",
    "/build/sessile-server-[0-9]*.tgz",
  ]);
});

test("every package of every lock file has a hash, and none names a registry", () => {
  const locks = ["package-lock.json", ...locksIn("tools"), ...locksIn("bench")];
  assert.ok(locks.length >= 5);
  /** For Windows alone, and optional; no registry that was asked has it. */
  const unknown = new Set(["napi-windows-process-start-time"]);
  for (const lock of locks) {
    const { packages } = JSON.parse(readFileSync(ROOT + lock, "utf8")) as Lock;
    for (const [path, { link = false, integrity, resolved }] of Object.entries(packages)) {
      const [, name] = /(?:^|\/)node_modules\/((?:@[^/]+\/)?[^/]+)$/.exec(path) ?? [];
      if (name === undefined || link || unknown.has(name)) continue;
      assert.match(integrity ?? "", /^sha512-[A-Za-z0-9+/]{86}==$/, `${lock}: ${path}`);
      assert.equal(resolved, undefined, `${lock}: ${path}`);
    }
  }
});

/** The lock files below a folder, as paths from the root. */
function locksIn(folder: string): string[] {
  return readdirSync(ROOT + folder, { withFileTypes: true }).flatMap((entry) => {
    if (entry.name === "package-lock.json") return [`${folder}/${entry.name}`];
    const isOurs = entry.isDirectory() && !["node_modules", ".cache"].includes(entry.name);
    return isOurs ? locksIn(`${folder}/${entry.name}`) : [];
  });
}

interface Lock {
  readonly packages: Readonly<
    Record<string, { readonly link?: boolean; readonly integrity?: string; readonly resolved?: string }>
  >;
}
