// What other users of this machine may do with a file. Knows no file by name.

import { statSync } from "node:fs";

/** Whether anybody but its owner may read or write it. */
export function isOpenToOthers(path: string): boolean {
  return (statSync(path).mode & 0o077) !== 0;
}

/** Whether anybody may write it but this user, this user's own group and root. Never so on systems without users. */
export function isWritableByOthers(path: string): boolean {
  const { mode, uid, gid } = statSync(path);
  const [user, group] = [process.getuid?.(), process.getgid?.()];
  if (user === undefined) return false;
  const isStrangers = uid !== user && uid !== 0;
  return isStrangers || (mode & 0o002) !== 0 || ((mode & 0o020) !== 0 && gid !== group && gid !== 0);
}
