// Opens the sessions and the users for a command, as the server would, and closes them in any case.

import { existsSync } from "node:fs";
import { headerTransport, isSessionError, type SessionData, SessionManager } from "sessile";
import { type Config, lifetimesOf, parseConfig } from "../config/config.ts";
import { UsageError } from "../config/usage-error.ts";
import { Names } from "../console/names.ts";
import { makeUserFile, openUserFile, type UserFile } from "../identity/users/user-file.ts";
import { normalizeName } from "../identity/users/user-name.ts";
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

/** A refusal by a store, which is printed as one line. */
export class CommandFailed extends Error {}

/** Runs `work` with the sessions, without sweeping. Throws `UsageError` for a store that no command can reach. */
export async function withStore<T>(call: Call, work: (reached: Reached) => Promise<T>): Promise<T> {
  const config = { ...parseConfig(call.settings), cache: null, confirmReplicas: 0 };
  refuseMemory(config.store);
  const opened = await openStore(config);
  const store = withoutMarker(opened.store);
  const manager = new SessionManager<SessionData>({
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

/** The same with sessions that exist: looking must not create a SQLite store. */
export function withExisting<T>(call: Call, work: (reached: Reached) => Promise<T>): Promise<T> {
  requireFile(call.settings.all["store"]?.text ?? "");
  return withStore(call, work);
}

export function refuseMemory(store: string): void {
  if (store !== "memory") return;
  throw new UsageError(
    "The sessions of --store memory are inside the server's own process, where no command can reach them.",
  );
}

/** Looking must not create a SQLite store that does not exist yet. */
export function requireFile(store: string): void {
  const path = store.startsWith("sqlite:") ? store.slice("sqlite:".length) : null;
  if (path === null || path === "" || existsSync(path)) return;
  throw new UsageError(
    `There is no store ${store}. Give the one of the server with --store, SESSILE_STORE or --config.`,
  );
}

/** The path of the file with users and keys. Throws `UsageError` when the settings do not give one. */
export function usersPathOf({ settings }: Call): string {
  const { store, users } = settings.all;
  const path = usersPath(store?.text ?? "", users?.text ?? "");
  if (path !== null) return path;
  throw new UsageError("With this --store, say where the users are with --users PATH.");
}

/**
 * The normal form of the name after the command. A bad one is not repeated: it could hold control sequences of the
 * terminal.
 */
export function nameOf({ words }: Call): string {
  const name = normalizeName(words[0] ?? "");
  if (name !== null) return name;
  throw new UsageError("A name has 1 to 64 letters, digits and visible ASCII characters, without spaces.");
}

/** Runs `work` with the file of the users, which is created if `make` is set. */
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

/**
 * Runs `work` with the names of the users; `null` where there is no file of users or it cannot be opened, as sessions
 * need none.
 */
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

/** SQLite failed (full disk, damaged file), or the path leads to another file than at the start. */
function isFileFailure(error: unknown): error is Error {
  const { code, statusCode } = error as { code?: unknown; statusCode?: unknown };
  return error instanceof Error && (code === "ERR_SQLITE_ERROR" || statusCode === 503);
}
