// The table of all commands, in the order of the help, and the search in it.

import { didYouMean } from "../config/closest.ts";
import { UsageError } from "../config/usage-error.ts";
import type { Command } from "./command.ts";
import { completionCommand } from "./completion.ts";
import { CONFIG_COMMANDS } from "./config-check.ts";
import { DOCTOR_COMMAND } from "./doctor.ts";
import { IMPORT_COMMAND } from "./import.ts";
import { KEYS_COMMANDS } from "./keys.ts";
import { MIGRATE_COMMAND } from "./migrate.ts";
import { SCHEMA_COMMAND } from "./schema.ts";
import { SERVE_COMMAND } from "./serve.ts";
import { SESSIONS_COMMANDS } from "./sessions.ts";
import { UPKEEP_COMMANDS } from "./upkeep.ts";
import { USERS_COMMANDS } from "./users.ts";
import { VERSION_COMMAND } from "./version.ts";

export const COMMANDS: readonly Command[] = [
  SERVE_COMMAND,
  ...USERS_COMMANDS,
  ...KEYS_COMMANDS,
  ...SESSIONS_COMMANDS,
  ...UPKEEP_COMMANDS,
  SCHEMA_COMMAND,
  DOCTOR_COMMAND,
  MIGRATE_COMMAND,
  IMPORT_COMMAND,
  ...CONFIG_COMMANDS,
  completionCommand(() => COMMANDS),
  VERSION_COMMAND,
];

/**
 * A command with the words after it, or the group whose commands were asked for. Throws `UsageError` for an unknown
 * one.
 */
export type Found =
  | { readonly command: Command; readonly rest: readonly string[] }
  | { readonly group: string; readonly commands: readonly Command[] };

export function findCommand(args: readonly string[]): Found {
  const [first = "", second] = args;
  if (args.length === 0 || first.startsWith("--")) return { command: SERVE_COMMAND, rest: args };
  const single = COMMANDS.find(({ name }) => name === first);
  if (single !== undefined) return { command: single, rest: args.slice(1) };
  const commands = COMMANDS.filter(({ name }) => name.startsWith(`${first} `));
  if (commands.length === 0)
    throw new UsageError(`Unknown command "${first}".${didYouMean(first, firstWords())} See sessile --help.`);
  if (second === undefined || second === "--help" || second === "-h") return { group: first, commands };
  const command = commands.find(({ name }) => name === `${first} ${second}`);
  if (command !== undefined) return { command, rest: args.slice(2) };
  const names = commands.map(({ name }) => name.slice(first.length + 1));
  const hint = didYouMean(second, names, `${first} `);
  throw new UsageError(`Unknown command "${first} ${second}".${hint} See sessile ${first} --help.`);
}

function firstWords(): readonly string[] {
  return [...new Set(COMMANDS.map(({ name }) => name.split(" ")[0] as string))];
}
