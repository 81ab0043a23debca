// The files that a release publishes, and the answer of `npx sessile` where only the library is installed.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { realpathSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { temporaryFolder } from "sessile-test-support/folder";

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const QUIET = ["--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"];

test("a release would publish both packages, with papers and without sources, tests and maps", async () => {
  const { stdout } = await run(process.execPath, [join(ROOT, "tools/release.mjs"), "--json"]);
  const published = JSON.parse(stdout) as { id: string; files: string[] }[];
  assert.deepEqual(
    published.map(({ id }) => id.replace(/@.*/, "")),
    ["sessile", "sessile-server"],
  );
  for (const { id, files } of published) {
    for (const paper of ["LICENSE", "README.md", "package.json"]) assert.ok(files.includes(paper), `${id}: ${paper}`);
    const foreign = files.filter((file) => !/^(?:LICENSE|README\.md|package\.json|dist\/.*)$/.test(file));
    assert.deepEqual(foreign, [], id);
    const unwanted = files.filter((file) => /\.map$|\.test\.|(?<!\.d)\.tsx?$|tsbuildinfo/.test(file));
    assert.deepEqual(unwanted, [], id);
  }
});

test("npx sessile names the server's package where the library is alone, and is the server's command beside it", async () => {
  const folder = temporaryFolder();
  const packages = ["-w", "packages/sessile", "-w", "packages/server"];
  const pack = ["pack", "--json", "--ignore-scripts", "--pack-destination", folder, ...packages];
  const { stdout } = await run("npm", pack, { cwd: ROOT });
  const [library, server] = (JSON.parse(stdout) as { filename: string }[]).map(({ filename }) =>
    join(folder, filename),
  );
  writeFileSync(join(folder, "package.json"), '{"private": true}');
  await run("npm", ["install", ...QUIET, library as string], { cwd: folder });
  const answer = await run("npx", ["--no", "sessile"], { cwd: folder });
  assert.match(answer.stdout, /^The server, with its command: +npx sessile-server serve$/m);
  await assert.rejects(run("npx", ["--no", "sessile", "serve"], { cwd: folder }), ({ code, stdout: text }) => {
    assert.equal(code, 1);
    return text === answer.stdout;
  });
  await run("npm", ["install", ...QUIET, server as string], { cwd: folder });
  const command = realpathSync(join(folder, "node_modules/.bin/sessile"));
  assert.equal(command, realpathSync(join(folder, "node_modules/sessile-server/dist/cli.js")));
});
