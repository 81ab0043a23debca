// The file of the users, opened to look API keys up.

import { openUserFile, setLockWait, type UserFile } from "../users/user-file.ts";

/** A reader never waits in WAL; whoever recovers the file after a crash holds it for a moment. */
const LOCK_WAIT = 25;

/** A connection of its own. Throws `UsageError` when the file cannot be opened. */
export function openKeyFile(path: string): UserFile {
  const file = openUserFile(path, { synchronous: "NORMAL" });
  setLockWait(file, LOCK_WAIT);
  return file;
}
