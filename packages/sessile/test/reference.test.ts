// docs/api shows the declarations that there are.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const TOOL = fileURLToPath(new URL("../../../tools/reference/main.mjs", import.meta.url));

test("docs/api is what the declarations say; `npm run docs` writes it", () => {
  assert.deepEqual(ask("--check"), [0, ""]);
});

test("every public export, option and member is documented: options with a default, durations and sizes with a unit", () => {
  assert.deepEqual(ask("--gaps"), [0, ""]);
});

function ask(question: string): [status: number | null, problems: string] {
  const { status, stdout } = spawnSync(process.execPath, [TOOL, question], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
  return [status, stdout];
}
