// The settings as text, each with its source: the command line comes before the environment, then the file, then the
// default.

import { readConfigFile } from "./config-file.ts";
import { OPTIONS, type Option, variableOf } from "./options.ts";

export type Origin = "option" | "environment" | "file" | "default";

export interface Setting {
  readonly text: string;
  readonly from: Origin;
}

export interface Settings {
  readonly all: Readonly<Record<string, Setting>>;
  /** The path of the file that was read; `null` when there is none. */
  readonly path: string | null;
  /** A file that exists and was not read, because it was not named. */
  readonly passedOver: string | null;
}

/** The values of the command line, by name. */
export type Given = Readonly<Record<string, string | boolean | undefined>>;
export type Environment = Readonly<Record<string, string | undefined>>;

/** Every setting, as text. Throws `UsageError` for a file that cannot be read. */
export function readSettings(given: Given, env: Environment, findsFile: boolean): Settings {
  const named = given["config"] ?? env[variableOf("config")] ?? "";
  const { path, values, passedOver } = readConfigFile(String(named), findsFile);
  const find = ({ name, fallback = "" }: Option): Setting => {
    const [option, variable, file] = [given[name], env[variableOf(name)], values[name]];
    if (option !== undefined) return { text: String(option), from: "option" };
    if (variable !== undefined) return { text: variable, from: "environment" };
    return file === undefined ? { text: fallback, from: "default" } : { text: file, from: "file" };
  };
  return { all: Object.fromEntries(OPTIONS.map((option) => [option.name, find(option)])), path, passedOver };
}
