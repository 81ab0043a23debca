// The settings as text, each with where it was said: an option wins over the environment, that over the file, that over the default.

import { parseArgs } from "node:util";
import { readConfigFile } from "./config-file.ts";
import { OPTIONS, type Option, variableOf } from "./options.ts";
import { UsageError } from "./usage-error.ts";

export type Origin = "option" | "environment" | "file" | "default";

export interface Setting {
  readonly text: string;
  readonly from: Origin;
}

export interface Settings {
  readonly all: Readonly<Record<string, Setting>>;
  /** The file that was read; `null` when there is none. */
  readonly path: string | null;
  /** A file that is there and was not read, because nothing named it. */
  readonly passedOver: string | null;
}

/** What the command line gave, by name. */
export type Given = Readonly<Record<string, string | boolean | undefined>>;
export type Environment = Readonly<Record<string, string | undefined>>;

/** Every setting, not yet understood. Throws `UsageError` for a file that cannot be read. */
export function readSettings(given: Given, env: Environment, findsFile: boolean): Settings {
  const named = given["config"] ?? env[variableOf("config")] ?? "";
  const { path, values, passedOver } = readConfigFile(String(named), findsFile);
  const find = ({ name, fallback }: Option): Setting => {
    const [option, variable, file] = [given[name], env[variableOf(name)], values[name]];
    if (option !== undefined) return { text: String(option), from: "option" };
    if (variable !== undefined) return { text: variable, from: "environment" };
    return file === undefined ? { text: fallback, from: "default" } : { text: file, from: "file" };
  };
  return { all: Object.fromEntries(OPTIONS.map((option) => [option.name, find(option)])), path, passedOver };
}

/** The options of the command line, and no words beside them. Throws `UsageError` for one that there is not. */
export function parseOptions(args: readonly string[]): Given {
  const options = Object.fromEntries(OPTIONS.map(({ name, type }) => [name, { type }]));
  try {
    return parseArgs({ args: [...args], options, strict: true }).values as Given;
  } catch (error) {
    const [reason] = (error as Error).message.split(/\. |\n/);
    throw new UsageError(`${reason}. See --help for what there is.`);
  }
}
