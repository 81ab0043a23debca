// The configuration file: one JSON object with the options by their names. Knows what they are called and not what they mean.

import { existsSync, readFileSync } from "node:fs";
import { didYouMean } from "./closest.ts";
import { isWritableByOthers } from "./file-access.ts";
import { OPTIONS } from "./options.ts";
import { UsageError } from "./usage-error.ts";

/** Read where nothing else is said, if it is there, by a command that finds it by itself. */
const DEFAULT_FILE = "sessile.config.json";

export interface ConfigFile {
  readonly path: string | null;
  /** A file that is there and was not read, because nothing named it. */
  readonly passedOver: string | null;
  /** As they would stand on the command line. */
  readonly values: Readonly<Record<string, string>>;
}

/**
 * The file that was named, which must be there; else `sessile.config.json` of the working directory, where `findsItself` says so and nobody
 * else may write it: what it names is sent the password of Redis, and a directory may be somebody else's. Throws `UsageError`.
 */
export function readConfigFile(named: string, findsItself: boolean): ConfigFile {
  if (named !== "") return readFile(named);
  const isThere = existsSync(DEFAULT_FILE);
  if (!isThere || !findsItself) return { path: null, values: {}, passedOver: isThere ? DEFAULT_FILE : null };
  if (!isWritableByOthers(DEFAULT_FILE)) return readFile(DEFAULT_FILE);
  throw new UsageError(
    `${DEFAULT_FILE} is not read by itself, because other users of this machine may write it. Make it yours and chmod go-w it, or name it with --config.`,
  );
}

function readFile(path: string): ConfigFile {
  return { path, values: checkValues(path, parse(path, read(path))), passedOver: null };
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
    const hint = didYouMean(name, names) || ` The settings are: ${names.join(", ")}.`;
    throw new UsageError(`${path}: unknown setting ${JSON.stringify(name)}.${hint}`);
  });
  return Object.fromEntries(pairs) as Record<string, string>;
}

/** A list stands for what the command line separates by commas. */
function textOf(path: string, name: string, value: unknown): string {
  const list: unknown[] = Array.isArray(value) ? value : [value];
  if (list.every((each) => ["string", "number", "boolean"].includes(typeof each))) return list.join(",");
  throw new UsageError(`${path}: "${name}" must be text, a number, true, false or a list of these.`);
}
