// The check for `node:sqlite`, which SQLite files need.

import { UsageError } from "./usage-error.ts";

/** Throws `UsageError` where this Node.js is too old to open a SQLite file. */
export function requireSqlite(): void {
  if (process.getBuiltinModule?.("node:sqlite") !== undefined) return;
  throw new UsageError(
    `SQLite files need Node.js 22.13 or later; this is Node.js ${process.versions.node}. Install Node.js 24 (https://nodejs.org, or nvm install 24) and run the command again.`,
  );
}
