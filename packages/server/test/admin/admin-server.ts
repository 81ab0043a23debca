// The real server with its pages, in a process of its own, with users whose passwords are cheap to check.

import { join } from "node:path";
import { temporaryFolder } from "sessile-test-support/folder";
import { PasswordHasher } from "#dist/identity/users/password-hash.js";
import { makeUserFile, openUserFile, type UserFile } from "#dist/identity/users/user-file.js";
import { UserStore } from "#dist/identity/users/user-store.js";
import { PASSWORD } from "../sign-in/sign-in-app.ts";
import { type ServerProcess, startServer } from "../support/server-process.ts";

export interface AdminServer extends ServerProcess {
  readonly users: UserStore;
  /** The file of the users. */
  readonly path: string;
  readonly file: UserFile;
}

/** Starts it with an administrator `root`, and users `alice` and `bob`; all with `PASSWORD`. */
export async function startAdminServer(args: readonly string[], names = ["alice", "bob"]): Promise<AdminServer> {
  const path = join(temporaryFolder(), "users.db");
  makeUserFile(path);
  const file = openUserFile(path, { synchronous: "NORMAL" });
  const users = new UserStore(file);
  const hash = await new PasswordHasher({ ln: 10 }).hash(Buffer.from(PASSWORD));
  for (const name of ["root", ...names]) users.add(name, hash);
  const root = users.find("root");
  if (root !== null) users.setAdmin(root, true);
  const server = await startServer(["--users", path, ...args]);
  return { ...server, users, path, file };
}
