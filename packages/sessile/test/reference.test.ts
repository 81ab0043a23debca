// docs/api shows the declarations that there are.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const TOOL = fileURLToPath(new URL("../../../tools/reference/main.mjs", import.meta.url));

test("docs/api is what the declarations say; `npm run docs` writes it", () => {
  const { status, stderr } = spawnSync(process.execPath, [TOOL, "--check"], { encoding: "utf8" });
  assert.deepEqual([status, stderr], [0, ""]);
});
