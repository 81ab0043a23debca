// `sessile users`: creates, changes and lists users. Each change ends the sessions that it has to.

import { setTimeout as wait } from "node:timers/promises";
import { UsageError } from "../config/usage-error.ts";
import { printable } from "../http/printable.ts";
import { AttemptLimits } from "../identity/sign-in/attempt-limits.ts";
import { newPasswordProblem, passwordBytes } from "../identity/users/password.ts";
import { PasswordHasher } from "../identity/users/password-hash.ts";
import type { UserFile } from "../identity/users/user-file.ts";
import { type User, UserStore } from "../identity/users/user-store.ts";
import { audited } from "./audited.ts";
import { type Call, type Command, type CommandOption, EXIT, type ExitCode, JSON_OPTION } from "./command.ts";
import { readNewPassword, type Terminal } from "./read-password.ts";
import { nameOf, withUsers } from "./with-store.ts";

/** How long to wait for a running server to end the sessions, and how often to check. */
const PATIENCE = 1500;
const LOOK_INTERVAL = 50;

interface Context {
  readonly file: UserFile;
  readonly users: UserStore;
  readonly terminal: Terminal;
  readonly admin: boolean;
}

type Run = (context: Context, name: string) => string | Promise<string>;

const NOTES = `The password is asked for on the terminal, or read from standard input. It has 15 characters or more and is not made of
common passwords, sequences, repetitions or the name. A running server ends the user's sessions within a second; a stopped
one ends them when it starts.`;

const ADMIN: CommandOption = { name: "admin", help: "let the user use the admin page" };

/** `run` returns the text to print, and throws `UsageError` when it changed nothing. */
function command(name: string, run: Run, summary: string, options: readonly CommandOption[] = []): Command {
  return {
    name: `users ${name}`,
    takes: "NAME",
    summary,
    options,
    settings: SETTINGS,
    ...((run === add || run === passwd) && { notes: NOTES }),
    examples: [`sessile users ${name} alice`, ...(run === passwd ? [PIPED] : [])],
    run: (call) => runOn(call, run),
  };
}

const SETTINGS = ["config", "store", "users"];
const PIPED = "pass show alice | sessile users passwd alice --users /var/lib/sessile/users.db";

export const USERS_COMMANDS: readonly Command[] = [
  command("add", add, "add a user who can sign in with POST /login", [ADMIN]),
  command("passwd", passwd, "set a new password; the user's sessions end"),
  command("disable", disable, "block the user; the user's sessions end"),
  command("enable", enable, "unblock the user, who can sign in again"),
  command("grant", grant, "let the user use the admin page, if the server has --admin"),
  command("withdraw", withdraw, "take the right to use the admin page away"),
  command("remove", remove, "remove the user; the user's sessions end"),
  {
    name: "users list",
    summary: "show the users",
    options: [JSON_OPTION],
    settings: SETTINGS,
    examples: ["sessile users list", "sessile users list --json"],
    run: (call) => withUsers(call, false, (file) => list(call, new UserStore(file).list())),
  },
];

function runOn(call: Call, run: Run): Promise<ExitCode> {
  const name = nameOf(call);
  return withUsers(call, run === add, async (file) => {
    const terminal = { input: call.output.stdin, output: call.output.stderr };
    const admin = call.given["admin"] === true;
    call.output.line(await run({ file, users: new UserStore(file), terminal, admin }, name));
    return EXIT.done;
  });
}

async function add({ file, users, terminal, admin }: Context, name: string): Promise<string> {
  const taken = new UsageError(`There is a user ${name} already. Nothing was changed.`);
  if (users.find(name) !== null) throw taken;
  const hash = await readHash(terminal, name);
  audited(file, "addUser", name, () => {
    if (!users.add(name, hash)) throw taken;
  });
  if (!admin) return `Added ${name}.`;
  setAdmin(file, users, name, true);
  return `Added ${name}, who may use the admin page.`;
}

async function passwd({ file, users, terminal }: Context, name: string): Promise<string> {
  find(users, name);
  const hash = await readHash(terminal, name);
  const user = find(users, name);
  audited(file, "setPassword", name, () => {
    if (users.changePassword(user, hash) === null) throw new UsageError(`${name} was changed meanwhile. Try again.`);
  });
  new AttemptLimits(file).clearAccount(name);
  return `Set a new password for ${name}. ${await endOf(users, user)}`;
}

async function disable({ file, users }: Context, name: string): Promise<string> {
  const user = find(users, name);
  audited(file, "disable", name, () => users.disable(user));
  return `Disabled ${name}. ${await endOf(users, user)}`;
}

function enable({ file, users }: Context, name: string): string {
  const user = find(users, name);
  audited(file, "enable", name, () => users.enable(user));
  new AttemptLimits(file).clearAccount(name);
  return `Enabled ${name}.`;
}

function grant({ file, users }: Context, name: string): string {
  setAdmin(file, users, name, true);
  return `${name} may use the admin page.`;
}

function withdraw({ file, users }: Context, name: string): string {
  setAdmin(file, users, name, false);
  return `${name} can no longer use the admin page.`;
}

function setAdmin(file: UserFile, users: UserStore, name: string, isAdmin: boolean): void {
  const user = find(users, name);
  audited(file, isAdmin ? "grant" : "withdraw", name, () => users.setAdmin(user, isAdmin));
}

async function remove({ file, users }: Context, name: string): Promise<string> {
  const user = find(users, name);
  audited(file, "remove", name, () => users.remove(user));
  return `Removed ${name}. ${await endOf(users, user)}`;
}

/** Without hashes. */
function list({ output }: Call, users: readonly User[]): ExitCode {
  const shown = users.map(({ id, name, isDisabled, isAdmin, createdAt, passwordChangedAt }) => ({
    id,
    name,
    disabled: isDisabled,
    admin: isAdmin,
    created_at: new Date(createdAt).toISOString(),
    valid_since: new Date(passwordChangedAt).toISOString(),
  }));
  const rows = shown.map(({ name, disabled, admin, created_at }) => {
    return [name, disabled ? "disabled" : "enabled", created_at.slice(0, 10), admin ? "admin" : ""];
  });
  if (output.isJson) output.json(shown);
  else if (rows.length === 0) output.line("There are no users.");
  else output.table(["NAME", "STATE", "SINCE", ""], rows);
  return EXIT.done;
}

function find(users: UserStore, name: string): User {
  const user = users.find(name);
  if (user === null) throw new UsageError(`There is no user ${name}. See sessile users list.`);
  return user;
}

async function readHash(terminal: Terminal, name: string): Promise<string> {
  const password = await readNewPassword(terminal);
  const bytes = passwordBytes(password);
  const problem = await newPasswordProblem(password, name);
  if (bytes === null || problem !== null) throw new UsageError(`The password ${problem}. Nothing was changed.`);
  return new PasswordHasher().hash(bytes);
}

/** Only a server can end sessions: its store may be its own memory. */
async function endOf({ endings }: UserStore, { id }: User): Promise<string> {
  for (let waited = 0; ; waited += LOOK_INTERVAL) {
    const stores = endings.storesOf(id);
    if (stores.length === 0) return "All sessions have ended.";
    if (waited >= PATIENCE) return unfinished(stores.filter((store) => store !== ""));
    await wait(LOOK_INTERVAL);
  }
}

function unfinished(stores: readonly string[]): string {
  if (stores.length === 0) return "No server answered; the sessions end when one starts.";
  const names = stores.map(printable).join(", ");
  return `No server answered for ${names}; the sessions there end when one starts.`;
}
