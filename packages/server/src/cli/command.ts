// One command: its name, words and options. Help, completion and the reading of command lines are made from it.

import { parseArgs } from "node:util";
import { didYouMean } from "../config/closest.ts";
import { OPTIONS, type Option } from "../config/options.ts";
import { type Environment, type Given, readSettings, type Settings } from "../config/settings.ts";
import { UsageError } from "../config/usage-error.ts";
import type { Output } from "./terminal/output.ts";

/** The exit codes of the program. */
export const EXIT = {
  done: 0,
  /** The command failed, or found a fault. */
  failed: 1,
  /** The command line is wrong; nothing was changed. */
  usage: 2,
  /** Stopped by Ctrl-C. */
  stopped: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** An option of one command. Without `value` it is a switch. */
export interface CommandOption {
  readonly name: string;
  readonly value?: string;
  readonly help: string;
}

/** A command line that has been read; its values are still text. */
export interface Call {
  readonly words: readonly string[];
  readonly given: Given;
  readonly env: Environment;
  readonly settings: Settings;
  readonly output: Output;
}

export interface Command {
  /** The words after `sessile`. */
  readonly name: string;
  /** The words after the name, as the help shows them: `NAME`, `SID…`, `[SHELL]`. */
  readonly takes?: string;
  readonly summary: string;
  readonly options?: readonly CommandOption[];
  /** The names of the settings that the command reads. */
  readonly settings?: readonly string[];
  /** Whether the command reads `sessile.config.json` of the working directory unasked. */
  readonly findsFile?: boolean;
  readonly notes?: string;
  readonly examples: readonly string[];
  readonly run: (call: Call) => Promise<ExitCode> | ExitCode;
}

export const JSON_OPTION: CommandOption = { name: "json", help: "for programs: JSON" };

/** The settings that lead a command to the sessions and the users. */
export const STORE_SETTINGS = ["config", "store", "idle-timeout", "absolute-timeout", "longest-session"] as const;

export function settingsOf({ settings = [] }: Command): readonly Option[] {
  return OPTIONS.filter(({ name }) => settings.includes(name));
}

/** Reads the words after the name of `command`. Throws `UsageError`. */
export function readCall(command: Command, args: readonly string[], env: Environment): Omit<Call, "output"> {
  const { values, positionals } = parse(command, args);
  checkWords(command, positionals);
  return { words: positionals, given: values, env, settings: readSettings(values, env, command.findsFile === true) };
}

function parse(command: Command, args: readonly string[]): { values: Given; positionals: readonly string[] } {
  const known = [...(command.options ?? []), ...settingsOf(command)];
  const typeOf = (value?: string) => ({ type: value === undefined ? ("boolean" as const) : ("string" as const) });
  const options = Object.fromEntries(known.map(({ name, value }) => [name, typeOf(value)]));
  try {
    const parsed = parseArgs({ args: [...args], options, strict: true, allowPositionals: true, tokens: true });
    refuseRepeated(parsed.tokens.flatMap((token) => (token.kind === "option" ? token.rawName : [])));
    return { values: parsed.values as Given, positionals: parsed.positionals };
  } catch (error) {
    const reason = unknownOption(error as Error, Object.keys(options)) ?? `${reasonOf(error as Error, args)}.`;
    throw new UsageError(`${reason} See sessile ${command.name} --help.`);
  }
}

/** `parseArgs` would take the last of two values and silently drop the first. */
function refuseRepeated(names: readonly string[]): void {
  const repeated = names.find((name, index) => names.indexOf(name) < index);
  if (repeated !== undefined) throw new Error(`${repeated} is given more than once; give it once`);
}

/** `null` for any other mistake. */
function unknownOption({ message }: Error, names: readonly string[]): string | null {
  const [, option = null] = /^Unknown option '(-[^']*)'/.exec(message) ?? [];
  if (option === null) return null;
  return `Unknown option ${option}.${didYouMean(option.replace(/^-+/, ""), [...names, "help"], "--")}`;
}

function reasonOf({ message }: Error, args: readonly string[]): string {
  const [, lacking] = /^Option '(--[\w-]+) <value>' argument missing/.exec(message) ?? [];
  if (lacking !== undefined) return `${lacking} needs a value`;
  const [, name] = /^Option '(?:-\w, )?(--[\w-]+)' argument is ambiguous/.exec(message) ?? [];
  if (name === undefined) return message.split(/\. |\n/)[0] ?? message;
  const value = args[args.indexOf(name) + 1];
  return `${name} needs a value, and "${value}" begins like an option. If it is the value, write ${name}=${value}`;
}

/** `takes` gives the number of words: `NAME` one, `[NAME]` at most one, `NAME…` one or more, `[NAME…]` any. */
function checkWords({ name, takes = "" }: Command, words: readonly string[]): void {
  const least = takes === "" || takes.startsWith("[") ? 0 : 1;
  const most = takes.includes("…") ? Number.POSITIVE_INFINITY : takes === "" ? 0 : 1;
  if (words.length >= least && words.length <= most) return;
  if (takes === "")
    throw new UsageError(`sessile ${name} takes no further words; got "${words[0]}". See sessile ${name} --help.`);
  const got = words.length === 0 ? "it is missing" : `got ${words.length}`;
  throw new UsageError(`sessile ${name} takes one ${takes}; ${got}. See sessile ${name} --help.`);
}

/** The text of a required option. */
export function required(call: Call, name: string, hint: string): string {
  const value = call.given[name];
  if (typeof value === "string" && value !== "") return value;
  throw new UsageError(`--${name} is needed: ${hint}.`);
}

export function optional(call: Call, name: string): string | undefined {
  return call.given[name] as string | undefined;
}

/** A whole number within bounds; `fallback` when the option is not given. */
export function wholeNumber(
  call: Call,
  name: string,
  fallback: number,
  [least, most]: readonly [number, number],
): number {
  const text = optional(call, name) ?? String(fallback);
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  throw new UsageError(`--${name} must be a whole number from ${least} to ${most}; got "${text}".`);
}
