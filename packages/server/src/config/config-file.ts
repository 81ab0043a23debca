// The configuration file: one JSON object with the options by their names. Knows what they are called and not what they mean.

import { existsSync, readFileSync } from "node:fs";
import { OPTIONS } from "./options.ts";
import { UsageError } from "./usage-error.ts";

/** Read where nothing else is said, if it is there. */
export const DEFAULT_FILE = "sessile.config.json";

export interface ConfigFile {
  readonly path: string | null;
  /** As they would stand on the command line. */
  readonly values: Readonly<Record<string, string>>;
}

/** A file that was named must be there; `sessile.config.json` in the working directory need not. Throws `UsageError`. */
export function readConfigFile(option: string | undefined, variable: string | undefined): ConfigFile {
  const named = option ?? variable ?? "";
  if (named === "" && !existsSync(DEFAULT_FILE)) return { path: null, values: {} };
  const path = named === "" ? DEFAULT_FILE : named;
  return { path, values: checkValues(path, parse(path, read(path))) };
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new UsageError(`The configuration file ${path} cannot be read: ${(error as NodeJS.ErrnoException).code}.`);
  }
}

/** The engine's own words would quote what stands there, perhaps a password. */
function parse(path: string, text: string): object {
  try {
    const value: unknown = JSON.parse(text.replace(/^\ufeff/, ""));
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  } catch {}
  throw new UsageError(`The configuration file ${path} must hold one JSON object, such as {"port": 8000}.`);
}

function checkValues(path: string, values: object): Record<string, string> {
  const names = OPTIONS.map(({ name }) => name).filter((name) => name !== "config");
  const pairs = Object.entries(values).map(([name, value]) => {
    if (names.includes(name)) return [name, textOf(path, name, value)];
    throw new UsageError(`${path}: ${JSON.stringify(name)} is no setting. There are: ${names.join(", ")}.`);
  });
  return Object.fromEntries(pairs) as Record<string, string>;
}

/** A list stands for what the command line separates by commas. */
function textOf(path: string, name: string, value: unknown): string {
  const list: unknown[] = Array.isArray(value) ? value : [value];
  if (list.every((each) => ["string", "number", "boolean"].includes(typeof each))) return list.join(",");
  throw new UsageError(`${path}: "${name}" must be text, a number, true, false or a list of these.`);
}
