// A folder of a test's own.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** An empty folder, removed when this process ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "sessile-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
