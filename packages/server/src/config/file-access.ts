// The access of other users of this machine to a file.

import { statSync } from "node:fs";

/** Whether users other than the owner may read or write the file. */
export function isOpenToOthers(path: string): boolean {
  return (statSync(path).mode & 0o077) !== 0;
}

/** Whether users other than this one, its own group and root may write the file. False on systems without users. */
export function isWritableByOthers(path: string): boolean {
  const { mode, uid, gid } = statSync(path);
  const [user, group] = [process.getuid?.(), process.getgid?.()];
  if (user === undefined) return false;
  const isStrangers = uid !== user && uid !== 0;
  return isStrangers || (mode & 0o002) !== 0 || ((mode & 0o020) !== 0 && gid !== group && gid !== 0);
}
