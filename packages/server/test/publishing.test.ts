// The packages are ready to publish: the project's data stands in one file, links work anywhere, and workflows call the
// same scripts as people do.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const WORKFLOWS = join(ROOT, ".github/workflows");
const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");

interface Workflow {
  readonly on: Readonly<Record<string, unknown>>;
  readonly permissions: Readonly<Record<string, string>>;
  readonly jobs: Readonly<
    Record<string, { readonly "timeout-minutes"?: number; readonly steps: readonly { uses?: string; run?: string }[] }>
  >;
}

test("both packages say what project.json says about the project", () => {
  const tool = join(ROOT, "tools/release/metadata.mjs");
  const { status, stdout } = spawnSync(process.execPath, [tool, "--check"], { encoding: "utf8" });
  assert.deepEqual([status, stdout], [0, ""]);
});

test("links of the packages' READMEs are absolute, and those into the repository lead to files", () => {
  const { repository, branch } = JSON.parse(read("project.json")) as { repository: string; branch: string };
  for (const folder of ["sessile", "server"]) {
    const links = [...read(`packages/${folder}/README.md`).matchAll(/\]\(([^)]+)\)/g)].map(
      ([, link]) => link as string,
    );
    assert.ok(links.length > 0);
    for (const link of links) {
      assert.match(link, /^(?:https:\/\/|#)/, `${folder}: ${link}`);
      const start = `${repository}/blob/${branch}/`;
      if (link.startsWith(repository)) {
        assert.ok(link.startsWith(start), link);
        assert.ok(existsSync(join(ROOT, link.slice(start.length).replace(/#.*$/, ""))), link);
      }
    }
  }
});

test("the workflows of GitHub call scripts that exist, may only read unless a job says more, and end by themselves", () => {
  const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };
  const files = readdirSync(WORKFLOWS);
  assert.deepEqual(files.sort(), ["deep.yml", "release.yml", "test.yml"]);
  for (const file of files) {
    const workflow = parse(readFileSync(join(WORKFLOWS, file), "utf8")) as Workflow;
    assert.deepEqual(workflow.permissions, { contents: "read" }, file);
    assert.ok(Object.keys(workflow.on).length > 0, file);
    for (const [name, job] of Object.entries(workflow.jobs)) {
      assert.ok(job["timeout-minutes"], `${file}: ${name}`);
      for (const { uses, run } of job.steps) {
        if (uses !== undefined) assert.match(uses, /^actions\/[\w-]+@v\d+$/, file);
        else assert.ok(isKnown(run as string, scripts), `${file} runs ${run}`);
      }
    }
  }
});

function isKnown(command: string, scripts: Record<string, string>): boolean {
  const [program, ...words] = command.split(" ");
  if (program === "node") return existsSync(join(ROOT, words[0] as string));
  const name = words[0] === "run" ? words[1] : words[0];
  return program === "npm" && scripts[name as string] !== undefined;
}
