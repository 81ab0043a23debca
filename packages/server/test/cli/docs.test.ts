// docs/cli.md shows the settings and the help that there are.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

test("docs/cli.md is what the commands say; `npm run docs` writes it", () => {
  const tool = fileURLToPath(new URL("../../../../tools/cli-docs.mjs", import.meta.url));
  const { status, stderr } = spawnSync(process.execPath, [tool, "--check"], { encoding: "utf8" });
  assert.deepEqual([status, stderr], [0, ""]);
});
