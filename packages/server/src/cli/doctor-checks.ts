// The checks of `sessile doctor`. Each returns its findings and changes nothing.

import { existsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { type Config, parseConfig } from "../config/config.ts";
import { isOpenToOthers } from "../config/file-access.ts";
import type { Settings } from "../config/settings.ts";
import { UsageError } from "../config/usage-error.ts";
import { openUserFile } from "../identity/users/user-file.ts";
import { UserStore } from "../identity/users/user-store.ts";
import { adminSessionsPath, chooseUsers, usersPath } from "../identity/users/users-path.ts";
import { isLoopback } from "../serve/listen.ts";
import { objectionTo } from "../store/marker.ts";
import { AS_STORED, openStore } from "../store/open-store.ts";
import type { Call } from "./command.ts";
import { looseFile } from "./config-check.ts";

export interface Finding {
  readonly about: string;
  readonly state: "ok" | "warns" | "fails";
  readonly text: string;
}

/** No session has this sid: real ones are random. */
const NO_SID = "0".repeat(22);

/** The difference that clocks of machines with one store may have (requirement E8). */
const CLOCK_MARGIN = 60_000;

export function checkRuntime(): Finding {
  const { sqlite } = process.versions as { readonly sqlite?: string };
  const node = `Node ${process.versions.node}`;
  if (isBefore(process.versions.node, [22, 13, 0]))
    return { about: "runtime", state: "fails", text: `${node} is too old; use Node 22.13 or later` };
  const text = `${node}, SQLite ${sqlite ?? "unknown"}`;
  const isFlawed = sqlite !== undefined && isBefore(sqlite, [3, 51, 3]);
  if (!isFlawed) return { about: "runtime", state: "ok", text };
  return { about: "runtime", state: "warns", text: `${text} has the WAL-reset bug; use Node 22.23, 24 or later` };
}

function isBefore(version: string, [major, minor, patch]: readonly [number, number, number]): boolean {
  const [a = 0, b = 0, c = 0] = version.split(".").map(Number);
  return a !== major ? a < major : b !== minor ? b < minor : c < patch;
}

/** Files with sessions, users, keys or settings must be closed to all users but the server's. */
export function checkFiles({ settings }: Call): readonly Finding[] {
  const files = filesOf(settings.all);
  const found = [...looseConfig(settings.path), ...files.filter(isOpenToOthers).map(openFile), ...openFolders(files)];
  if (files.length === 0 || found.some(({ state }) => state !== "ok")) return found;
  return [{ about: "permissions", state: "ok", text: `${files.join(", ")}: for their owner only` }];
}

/** The existing files that hold sessions, users or keys. */
function filesOf({ store, users, "token-keys": keys }: Settings["all"]): readonly string[] {
  const sessions = store?.text.startsWith("sqlite:") ? store.text.slice("sqlite:".length) : null;
  const people = usersPath(store?.text ?? "", users?.text ?? "");
  const databases = [sessions, people, people && adminSessionsPath(people)].filter((path) => path !== null);
  const files = databases.flatMap((path) => [path, `${path}-wal`, `${path}-shm`]);
  return [...files, keys?.text ?? ""].filter((path) => existsSync(path));
}

function openFile(path: string): Finding {
  return { about: "permissions", state: "fails", text: `${path} is open to others. Run: chmod 600 ${path}` };
}

function looseConfig(path: string | null): readonly Finding[] {
  const text = looseFile(path);
  return text === null ? [] : [{ about: "permissions", state: "warns", text }];
}

function openFolders(files: readonly string[]): readonly Finding[] {
  const folders = [...new Set(files.map((path) => dirname(path)))];
  return folders
    .filter((folder) => (statSync(folder).mode & 0o022) !== 0)
    .map((folder) => {
      const text = `others may put files into ${folder}. Run: chmod go-w ${folder}`;
      return { about: "permissions", state: "warns", text };
    });
}

/** Opening would create a store that does not exist yet. */
export async function checkStore({ settings }: Call): Promise<readonly Finding[]> {
  const text = settings.all["store"]?.text ?? "";
  if (text === "memory") return [{ about: "store", state: "warns", text: "memory: every restart ends all sessions" }];
  if (text.startsWith("sqlite:") && !existsSync(text.slice("sqlite:".length))) return [missingFile(text)];
  try {
    return await lookInto(text);
  } catch (error) {
    return [{ about: "store", state: "fails", text: (error as Error).message }];
  }
}

/** Before the first start there is no file, but its folder must exist. */
function missingFile(store: string): Finding {
  const folder = dirname(store.slice("sqlite:".length));
  if (existsSync(folder))
    return { about: "store", state: "ok", text: `${store} is not there yet; the server makes it when it starts` };
  return { about: "store", state: "fails", text: `${store}: there is no folder ${folder}. Run: mkdir -p ${folder}` };
}

async function lookInto(text: string): Promise<readonly Finding[]> {
  const opened = await openStore({ ...AS_STORED, store: text });
  try {
    const before = performance.now();
    await opened.store.load(NO_SID);
    const took = `answers in ${(performance.now() - before).toFixed(1)} ms`;
    const warnings = opened.warnings.map((warning): Finding => ({ about: "store", state: "warns", text: warning }));
    const objection = await objectionTo(opened.store, opened.name);
    if (objection !== null) return [{ about: "store", state: "fails", text: objection }];
    return [
      { about: "store", state: "ok", text: `${opened.name} ${took}` },
      { about: "promises", state: "ok", text: opened.promise },
      ...warnings,
      ...storeClock(opened.clockAhead),
    ];
  } finally {
    await opened.store.close();
    await opened.close();
  }
}

export function checkUsers({ settings }: Call): readonly Finding[] {
  try {
    const config = parseConfig(settings);
    const path = chooseUsers(config);
    if (path === null) return [demo(config)];
    const file = openUserFile(path, { synchronous: "FULL" });
    const users = new UserStore(file).list();
    file.close();
    const [count, disabled] = [users.length, users.filter(({ isDisabled }) => isDisabled).length];
    return [{ about: "users", state: count === 0 ? "warns" : "ok", text: `${count} in ${path}, ${disabled} disabled` }];
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return [{ about: "users", state: "fails", text: error.message }];
  }
}

/** Harmless on loopback, where people try the server first. */
function demo(config: Config): Finding {
  const text = "none yet, so every sign-in is the demo user john_doe. To add one: sessile users add NAME";
  return { about: "users", state: isLoopback(config.host) ? "ok" : "warns", text };
}

/** The clock of each machine must agree with that of the Redis they share. */
function storeClock(ahead: number | undefined): readonly Finding[] {
  if (ahead === undefined) return [];
  const text = `${Math.abs(ahead)} ms from the clock of Redis; up to ${CLOCK_MARGIN / 1000} s do no harm`;
  return [{ about: "clock", state: Math.abs(ahead) > CLOCK_MARGIN ? "fails" : "ok", text }];
}

export function checkClock(): Finding {
  const here = new Date();
  const isSet = here.getUTCFullYear() >= 2026 && here.getUTCFullYear() <= 2100;
  if (isSet) return { about: "clock", state: "ok", text: `${here.toISOString()}, UTC` };
  return { about: "clock", state: "fails", text: `it says ${here.toISOString()}. Set it, best with NTP` };
}
