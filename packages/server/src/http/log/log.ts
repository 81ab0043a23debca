// The log: one JSON object a line, in UTC, without control characters and without anything that looks like a credential.

import { type DestinationStream, destination, type Logger, pino, stdTimeFunctions } from "pino";
import { printableJson } from "../printable.ts";
import { describeError } from "./describe-error.ts";

/**
 * Writes to stderr, so that stdout is for people; or to `stream` when given. Times are UTC (ASVS 16.2.2).
 */
export function createLog(level: string, stream: DestinationStream = destination({ dest: 2, sync: true })): Logger {
  const formatters = { level: (label: string) => ({ level: label }) };
  const options = { level, base: null, formatters, timestamp: stdTimeFunctions.isoTime };
  return pino({ ...options, serializers: { err: serializeError }, hooks: { streamWrite: cleanLine } }, stream);
}

/** Not the error's own fields: drivers put there what they were asked to write. */
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
 * The last look at a line. Anything as long as a token is none of the log's business, wherever it came from. It is taken out of the
 * texts themselves: in the line, where a text has its escapes, it could not be told where one ends. JSON escapes the ASCII controls;
 * the other characters that hide in a text are escaped here (ASVS 16.4.1).
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

/** From the length of a bare secret on, also where a URL spells some of it `%41`. */
const LIKE_A_TOKEN = /(?:[0-9A-Za-z_]|%[0-9A-Fa-f]{2}){40,}/g;
