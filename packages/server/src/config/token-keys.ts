// The file of `--token-keys`: keys for the digests of tokens. Errors show no key.

import { readFileSync } from "node:fs";
import { isSessionError } from "sessile";
import { type DigestKey, type KeyRing, keyRing } from "sessile/keys";
import { UsageError } from "./usage-error.ts";

const LINE = /^([A-Za-z0-9]{1,16})[ \t]+([0-9a-fA-F]{64,})$/;

/** The manager's option; empty without a file. */
export interface Digests {
  readonly keys?: KeyRing;
}

/**
 * The keys of the file; the first makes new digests. Throws `UsageError` for a file that cannot be read, and for keys
 * that are too short, too simple or ambiguous.
 */
export function digestsOf(path: string): Digests {
  if (path === "") return {};
  try {
    return { keys: keyRing(readLines(path).map(parseLine)) };
  } catch (error) {
    throw new UsageError(`--token-keys ${path}: ${reasonOf(error)}`);
  }
}

function readLines(path: string): readonly (readonly [text: string, number: number])[] {
  const lines = readFileSync(path, "utf8").split("\n");
  return lines.map((line, i) => [line.trim(), i + 1] as const).filter(([line]) => line !== "" && !line.startsWith("#"));
}

function parseLine([text, number]: readonly [string, number]): DigestKey {
  const [, id, key] = LINE.exec(text) ?? [];
  if (id === undefined || key === undefined || key.length % 2 === 1)
    throw new UsageError(
      `line ${number} must be a name of 1 to 16 letters and digits, a space, and at least 64 hexadecimal digits, such as \`openssl rand -hex 32\` prints.`,
    );
  return { id, key: Buffer.from(key, "hex") };
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return error instanceof UsageError || isSessionError(error) ? message : `cannot be read (${code ?? "unknown"}).`;
}
