// The configuration file: one JSON object of options by name. Their meaning is in `config.ts`.

import { existsSync, readFileSync } from "node:fs";
import { didYouMean } from "./closest.ts";
import { isWritableByOthers } from "./file-access.ts";
import { OPTIONS } from "./options.ts";
import { UsageError } from "./usage-error.ts";

/** Read by commands that look for it, where no other file is named. */
const DEFAULT_FILE = "sessile.config.json";

export interface ConfigFile {
  readonly path: string | null;
  /** A file that exists and was not read, because it was not named. */
  readonly passedOver: string | null;
  /** The values as text, as on the command line. */
  readonly values: Readonly<Record<string, string>>;
}

/**
 * Reads the named file, which must exist; without a name, `sessile.config.json` of the working directory, if
 * `findsItself` is set and other users cannot write that file. The check matters because the file names the Redis that
 * is sent the password, and a directory may belong to another user. Throws `UsageError`.
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

/** The engine's message would quote the text, perhaps a password. */
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

/** A list becomes the comma-separated text of the command line. */
function textOf(path: string, name: string, value: unknown): string {
  const list: unknown[] = Array.isArray(value) ? value : [value];
  if (list.every((each) => ["string", "number", "boolean"].includes(typeof each))) return list.join(",");
  throw new UsageError(`${path}: "${name}" must be text, a number, true, false or a list of these.`);
}
