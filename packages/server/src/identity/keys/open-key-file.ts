// Opens the file of the users for the look-up of API keys.

import { openUserFile, setLockWait, type UserFile } from "../users/user-file.ts";

/** Readers do not wait in WAL mode, except for the moment in which another process recovers the file after a crash. */
const LOCK_WAIT = 25;

/** A connection of its own. Throws `UsageError` when the file cannot be opened. */
export function openKeyFile(path: string): UserFile {
  const file = openUserFile(path, { synchronous: "NORMAL" });
  setLockWait(file, LOCK_WAIT);
  return file;
}
