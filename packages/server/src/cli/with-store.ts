// What a command needs to reach the sessions and the users, opened as the server would and closed whatever happens.

import { existsSync } from "node:fs";
import { headerTransport, isSessionError, SessionManager } from "sessile";
import { type Config, lifetimesOf, parseConfig } from "../config/config.ts";
import { UsageError } from "../config/usage-error.ts";
import { Names } from "../console/names.ts";
import { makeUserFile, openUserFile, type UserFile } from "../identity/users/user-file.ts";
import { UserStore } from "../identity/users/user-store.ts";
import { usersPath } from "../identity/users/users-path.ts";
import { withoutMarker } from "../store/marker.ts";
import { type OpenedStore, openStore } from "../store/open-store.ts";
import type { Call } from "./command.ts";

export interface Reached {
  readonly config: Config;
  readonly opened: OpenedStore;
  readonly manager: SessionManager;
}

/** A command that is refused by a store says so in one line. */
export class CommandFailed extends Error {}

/** Runs `work` with the sessions. Nothing is swept meanwhile. Throws `UsageError` for a store that no command can reach. */
export async function withStore<T>(call: Call, work: (reached: Reached) => Promise<T>): Promise<T> {
  const config = { ...parseConfig(call.settings), cache: null, confirmReplicas: 0 };
  refuseMemory(config.store);
  const opened = await openStore(config);
  const store = withoutMarker(opened.store);
  const manager = new SessionManager({
    store,
    transports: [headerTransport()],
    ...lifetimesOf(config),
    sweepInterval: 0,
  });
  try {
    return await work({ config, opened, manager });
  } catch (error) {
    throw isSessionError(error) ? new CommandFailed(error.message) : error;
  } finally {
    await manager.close().catch(() => {});
    await opened.close();
  }
}

export function refuseMemory(store: string): void {
  if (store !== "memory") return;
  throw new UsageError(
    "The sessions of --store memory are inside the server's own process, where no command can reach them.",
  );
}

/** A path like `sqlite:` of a store that is not there yet is made by the server, not by looking. */
export function requireFile(store: string): void {
  const path = store.startsWith("sqlite:") ? store.slice("sqlite:".length) : null;
  if (path === null || path === "" || existsSync(path)) return;
  throw new UsageError(
    `There is no store ${store}. Give the one of the server with --store, SESSILE_STORE or --config.`,
  );
}

/** Where the users and the keys are, by the settings. Throws `UsageError` when these do not say. */
export function usersPathOf({ settings }: Call): string {
  const { store, users } = settings.all;
  const path = usersPath(store?.text ?? "", users?.text ?? "");
  if (path !== null) return path;
  throw new UsageError("With this --store, say where the users are with --users PATH.");
}

/** Runs `work` with the file of the users, which is made when `make` says so. */
export async function withUsers<T>(call: Call, make: boolean, work: (file: UserFile) => T | Promise<T>): Promise<T> {
  const path = usersPathOf(call);
  if (make) makeUserFile(path);
  const file = openUserFile(path, { synchronous: "FULL" });
  try {
    return await work(file);
  } catch (error) {
    if (!isFileFailure(error)) throw error;
    const reason = error.message.replace(/\.$/, "");
    throw new CommandFailed(`The file of users \`${path}\` failed: ${reason}. See sessile doctor.`);
  } finally {
    file.close();
  }
}

/** Runs `work` with the names of the users; `null` where no file of users is found or it cannot be opened, as sessions need none. */
export async function withNames<T>(call: Call, work: (names: Names | null) => Promise<T>): Promise<T> {
  const { store, users } = call.settings.all;
  const file = openOrNull(usersPath(store?.text ?? "", users?.text ?? ""));
  try {
    return await work(file && new Names(new UserStore(file)));
  } finally {
    file?.close();
  }
}

function openOrNull(path: string | null): UserFile | null {
  try {
    return path !== null && existsSync(path) ? openUserFile(path, { synchronous: "NORMAL" }) : null;
  } catch (error) {
    if (error instanceof UsageError) return null;
    throw error;
  }
}

/** SQLite refused, such as for a full disk or a damaged file, or the file is not the one that was opened. */
function isFileFailure(error: unknown): error is Error {
  const { code, statusCode } = error as { code?: unknown; statusCode?: unknown };
  return error instanceof Error && (code === "ERR_SQLITE_ERROR" || statusCode === 503);
}
