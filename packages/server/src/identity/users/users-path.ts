// The path of the file of users, derived from the settings, and the choice between users and demo.

import { lstatSync } from "node:fs";
import { UsageError } from "../../config/usage-error.ts";

/** The file of `--users`; else the one beside the sessions' SQLite file; `null` when the sessions are in no file. */
export function usersPath(store: string, users: string): string | null {
  if (users !== "") return users;
  if (!store.startsWith("sqlite:")) return null;
  // Beside the sessions, not among them: operators who delete the sessions to sign all users out must keep the users.
  return `${store.slice("sqlite:".length).replace(/\.(?:db|sqlite3?)$/, "")}.users.db`;
}

/** The file of the administrators' own sessions, beside that of the users. */
export function adminSessionsPath(users: string): string {
  return `${users.replace(/\.(?:db|sqlite3?)$/, "")}.admin.db`;
}

/**
 * The file whose users may sign in; `null` for the demo, which needs neither `--users` nor a file beside the sessions.
 * With an empty file, no user can sign in. Throws `UsageError` when the demo was asked for as well.
 */
export function chooseUsers({ store, users, demo }: { store: string; users: string; demo: boolean }): string | null {
  const path = usersPath(store, users);
  if (path === null || (users === "" && !isThere(path))) return null;
  if (!demo) return path;
  throw new UsageError(
    `--demo would sign every client in, although there are users in ${path}. Leave one of them out.`,
  );
}

/** True also for a link to a missing file, as on a disk that is not mounted: the demo must not take its place. */
function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}
