// The log: one JSON object a line, in UTC, without control characters and without anything that looks like a
// credential.

import { type DestinationStream, destination, type Logger, pino, stdTimeFunctions } from "pino";
import { printableJson } from "../printable.ts";
import { describeError } from "./describe-error.ts";

/** Writes to `stream`, or else to stderr, since stdout is for people. Times are UTC (ASVS 16.2.2). */
export function createLog(level: string, stream: DestinationStream = destination({ dest: 2, sync: true })): Logger {
  const formatters = { level: (label: string) => ({ level: label }) };
  const options = { level, base: null, formatters, timestamp: stdTimeFunctions.isoTime };
  return pino({ ...options, serializers: { err: serializeError }, hooks: { streamWrite: cleanLine } }, stream);
}

/** Without the error's own fields: drivers put the values there that they were asked to write. */
function serializeError(error: Error): object {
  const { code } = error as { code?: unknown };
  const stack = String(error.stack)
    .split("\n")
    .filter((line) => line.startsWith("    at "));
  return {
    type: error.name,
    ...(typeof code === "string" && { code }),
    message: describeError(error).slice(0, 1000),
    stack: stack.slice(0, 10).join("\n"),
  };
}

/**
 * The last filter before a line is written. It removes every text as long as a token, whatever its source. It works on
 * the texts and not on the finished line, where escapes hide their ends. JSON escapes the ASCII controls; other
 * characters that hide in a text are escaped here (ASVS 16.4.1).
 */
function cleanLine(line: string): string {
  return `${printableJson(JSON.stringify(redact(JSON.parse(line))))}\n`;
}

function redact(value: unknown): unknown {
  if (typeof value === "string") return value.replace(LIKE_A_TOKEN, "[redacted]");
  if (Array.isArray(value)) return value.map(redact);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [redact(name), redact(each)]));
}

/** Texts at least as long as a bare secret, also where a URL spells parts of it `%41`. */
const LIKE_A_TOKEN = /(?:[0-9A-Za-z_]|%[0-9A-Fa-f]{2}){40,}/g;
