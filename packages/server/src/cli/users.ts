// `sessile users`: makes, changes and lists the users. Every change ends the sessions that it must.

import { setTimeout as wait } from "node:timers/promises";
import { parseArgs } from "node:util";
import { AuditLog } from "../admin/audit-log.ts";
import { UsageError } from "../config/usage-error.ts";
import { AttemptLimits } from "../sign-in/attempt-limits.ts";
import { newPasswordProblem, passwordBytes } from "../users/password.ts";
import { PasswordHasher } from "../users/password-hash.ts";
import { readNewPassword, type Terminal } from "../users/read-password.ts";
import { makeUserFile, openUserFile, type UserFile } from "../users/user-file.ts";
import { normalizeName } from "../users/user-name.ts";
import { type User, UserStore } from "../users/user-store.ts";
import { usersPath } from "../users/users-path.ts";
import { usersTable } from "./users-table.ts";

/** How long to wait for a running server to end the sessions, and how often to look. */
const PATIENCE = 1500;
const LOOK_INTERVAL = 50;

interface Context {
  readonly file: UserFile;
  readonly users: UserStore;
  readonly terminal: Terminal;
  readonly json: boolean;
  readonly admin: boolean;
}

type Command = (context: Context, name: string) => string | Promise<string>;

const COMMANDS: Readonly<Record<string, Command>> = { add, passwd, disable, enable, grant, withdraw, remove, list };

/** Runs one command and gives back what to print. Throws `UsageError` when it changed nothing. */
export async function users(args: readonly string[], env: NodeJS.ProcessEnv, terminal: Terminal): Promise<string> {
  const { values, positionals } = parse(args);
  const [command = "", name, ...rest] = positionals;
  const run = Object.hasOwn(COMMANDS, command) ? COMMANDS[command] : undefined;
  if (run === undefined) throw new UsageError(`"${command}" is no command of users. See sessile users --help.`);
  if ((name === undefined) !== (run === list) || rest.length > 0)
    throw new UsageError(`sessile users ${command} takes ${run === list ? "no name" : "one name"}.`);
  if (values.json === true && run !== list) throw new UsageError("--json is for sessile users list.");
  if (values.admin === true && run !== add) throw new UsageError("--admin is for sessile users add.");
  const path = usersPath(
    values.store ?? env["SESSILE_STORE"] ?? "sqlite:sessile.db",
    values.users ?? env["SESSILE_USERS"] ?? "",
  );
  if (path === null) throw new UsageError("With this --store, say where the users are with --users PATH.");
  const normalized = name === undefined ? "" : checkName(name);
  if (run === add) makeUserFile(path);
  const file = openUserFile(path, { synchronous: "FULL" });
  try {
    return await run(
      { file, users: new UserStore(file), terminal, json: values.json === true, admin: values.admin === true },
      normalized,
    );
  } finally {
    file.close();
  }
}

async function add({ file, users, terminal, admin }: Context, name: string): Promise<string> {
  const taken = new UsageError(`There is a user ${name} already. Nothing was changed.`);
  if (users.find(name) !== null) throw taken;
  if (!users.add(name, await readHash(terminal))) throw taken;
  if (!admin) return `Added ${name}.\n`;
  setAdmin(file, users, name, true);
  return `Added ${name}, who may use the admin page.\n`;
}

async function passwd({ file, users, terminal }: Context, name: string): Promise<string> {
  find(users, name);
  const hash = await readHash(terminal);
  const user = find(users, name);
  if (users.changePassword(user, hash) === null) throw new UsageError(`${name} was changed meanwhile. Try again.`);
  new AttemptLimits(file).clearAccount(name);
  return `Set a new password for ${name}. ${await endOf(users, user)}\n`;
}

async function disable({ users }: Context, name: string): Promise<string> {
  const user = find(users, name);
  users.disable(user);
  return `Disabled ${name}. ${await endOf(users, user)}\n`;
}

function enable({ file, users }: Context, name: string): string {
  users.enable(find(users, name));
  new AttemptLimits(file).clearAccount(name);
  return `Enabled ${name}.\n`;
}

function grant({ file, users }: Context, name: string): string {
  setAdmin(file, users, name, true);
  return `${name} may use the admin page.\n`;
}

function withdraw({ file, users }: Context, name: string): string {
  setAdmin(file, users, name, false);
  return `${name} may use the admin page no more.\n`;
}

/** Who opens the admin page to whom is part of what happened there. */
function setAdmin(file: UserFile, users: UserStore, name: string, isAdmin: boolean): void {
  users.setAdmin(find(users, name), isAdmin);
  new AuditLog(file).add({
    actor: "command line",
    action: isAdmin ? "grant" : "withdraw",
    target: name,
    outcome: "done",
  });
}

async function remove({ users }: Context, name: string): Promise<string> {
  const user = find(users, name);
  users.remove(user);
  return `Removed ${name}. ${await endOf(users, user)}\n`;
}

function list({ users, json }: Context): string {
  return usersTable(users.list(), json);
}

function find(users: UserStore, name: string): User {
  const user = users.find(name);
  if (user === null) throw new UsageError(`There is no user ${name}. See sessile users list.`);
  return user;
}

/** The name as it is kept; on a terminal it must not steer anything, so a bad one is not repeated. */
function checkName(name: string): string {
  const normalized = normalizeName(name);
  if (normalized !== null) return normalized;
  throw new UsageError("A name has 1 to 64 letters, digits and visible ASCII characters, without spaces.");
}

async function readHash(terminal: Terminal): Promise<string> {
  const password = await readNewPassword(terminal);
  const bytes = passwordBytes(password);
  const problem = newPasswordProblem(password);
  if (bytes === null || problem !== null) throw new UsageError(`The password ${problem}. Nothing was changed.`);
  return new PasswordHasher().hash(bytes);
}

/** Only a server can end sessions: it knows its store, also when that is its own memory. */
async function endOf(users: UserStore, user: User): Promise<string> {
  for (let waited = 0; users.isEnding(user); waited += LOOK_INTERVAL) {
    if (waited >= PATIENCE) return "No server answered; the sessions end when one starts.";
    await wait(LOOK_INTERVAL);
  }
  return "All sessions have ended.";
}

function parse(args: readonly string[]): ReturnType<typeof parseUsersArgs> {
  try {
    return parseUsersArgs(args);
  } catch (error) {
    const [reason] = (error as Error).message.split(/\. |\n/);
    throw new UsageError(`${reason}. See sessile users --help.`);
  }
}

function parseUsersArgs(args: readonly string[]) {
  const options = {
    users: { type: "string" },
    store: { type: "string" },
    json: { type: "boolean" },
    admin: { type: "boolean" },
  } as const;
  return parseArgs({ args: [...args], options, strict: true, allowPositionals: true });
}
