// Where the users are, and whether there are any, by what the server was told.

import { lstatSync } from "node:fs";
import { UsageError } from "../../config/usage-error.ts";

/** The file of `--users`; else the one beside the sessions' SQLite file; `null` when the sessions are in no file. */
export function usersPath(store: string, users: string): string | null {
  if (users !== "") return users;
  if (!store.startsWith("sqlite:")) return null;
  // Beside, not inside: who deletes a file of sessions to sign everybody out must not delete the users with it.
  return `${store.slice("sqlite:".length).replace(/\.(?:db|sqlite3?)$/, "")}.users.db`;
}

/** The file of the administrators' own sessions, beside that of the users. */
export function adminSessionsPath(users: string): string {
  return `${users.replace(/\.(?:db|sqlite3?)$/, "")}.admin.db`;
}

/**
 * The file whose users may sign in; `null` when the demo is to sign everybody in, because no `--users` was given and there is
 * no file beside the sessions. A file without any user is one nobody can sign in from. Throws `UsageError` when the
 * demo was asked for as well.
 */
export function chooseUsers({ store, users, demo }: { store: string; users: string; demo: boolean }): string | null {
  const path = usersPath(store, users);
  if (path === null || (users === "" && !isThere(path))) return null;
  if (!demo) return path;
  throw new UsageError(`--demo would sign everybody in, although there are users in ${path}. Leave one of them out.`);
}

/** Also a link to a file that is not there, as on a disk that is not mounted: the demo must not take its place. */
function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}
