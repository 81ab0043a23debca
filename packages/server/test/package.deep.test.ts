// Both packages as npm delivers them: packed, installed into an empty folder and run from there.

import assert from "node:assert/strict";
import { execFile, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { temporaryFolder } from "sessile-test-support/folder";
import { profile, signIn } from "./support/client.ts";

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const UNIT = join(ROOT, "deploy/sessile.service");

test("npx sessile-server serves from the packed packages, in a folder that has nothing else", async (t) => {
  const folder = temporaryFolder();
  const packages = ["-w", "packages/sessile", "-w", "packages/server"];
  const { stdout } = await run(
    "npm",
    ["pack", "--json", "--ignore-scripts", "--pack-destination", folder, ...packages],
    { cwd: ROOT },
  );
  const tarballs = (JSON.parse(stdout) as { filename: string }[]).map(({ filename }) => join(folder, filename));
  writeFileSync(join(folder, "package.json"), '{"private": true}');
  const quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"];
  await run("npm", ["install", ...quiet, ...tarballs], { cwd: folder });
  const { PATH = "" } = process.env;
  // By its path and with this Node: the one on PATH may be too old for `node:sqlite`.
  const command = join(folder, "node_modules/.bin/sessile");
  const child = spawn(
    process.execPath,
    [command, "serve", "--port", "0", "--store", `sqlite:${join(folder, "s.db")}`],
    {
      cwd: folder,
      env: { PATH },
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  t.after(() => child.kill("SIGKILL"));
  let text = "";
  const url = await new Promise<string>((resolve, reject) => {
    child.once("exit", (code) => reject(new Error(`it ended with ${code}: ${text}`)));
    child.stdout.setEncoding("utf8").on("data", (part: string) => {
      text += part;
      const [, found] = /serves sessions on (\S+)\n/.exec(text) ?? [];
      if (found !== undefined) resolve(found);
    });
  });
  assert.equal((await profile(url, await signIn(url))).status, 200);
  const docs = await fetch(`${url}/docs`, { redirect: "follow" });
  assert.equal(docs.status, 200, "the page of the API brings what it needs");
  child.kill("SIGTERM");
  assert.deepEqual(await once(child, "exit"), [0, null]);
  const { bin } = JSON.parse(readFileSync(join(folder, "node_modules/sessile-server/package.json"), "utf8")) as {
    bin: object;
  };
  assert.deepEqual(Object.keys(bin), ["sessile"], "the only one, so that npx sessile-server finds it");
});

test("the systemd unit is one that systemd understands", (t) => {
  const { status, error, stderr } = spawnSync("systemd-analyze", ["verify", UNIT], { encoding: "utf8" });
  if (error !== undefined) return t.skip("systemd-analyze is not installed");
  assert.deepEqual([status, stderr], [0, ""]);
});
