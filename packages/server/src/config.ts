// What the server can be told: one table of options, read from the command line and the environment.

import { parseArgs } from "node:util";
import { parseDuration } from "./duration.ts";
import { UsageError } from "./usage-error.ts";

export interface Config {
  readonly store: string;
  readonly host: string;
  readonly port: number;
  readonly idleTimeout: number;
  readonly absoluteTimeout: number;
  readonly demo: boolean;
  readonly logLevel: string;
}

interface Option {
  readonly name: string;
  readonly type: "string" | "boolean";
  /** What stands for the value in the help. */
  readonly value?: string;
  readonly fallback: string;
  readonly help: string;
}

const OPTIONS: readonly Option[] = [
  {
    name: "store",
    type: "string",
    value: "URL",
    fallback: "sqlite:sessile.db",
    help: "memory, sqlite:PATH or redis://HOST:PORT/DB",
  },
  { name: "port", type: "string", value: "N", fallback: "8000", help: "port to listen on; 0 takes a free one" },
  { name: "host", type: "string", value: "HOST", fallback: "127.0.0.1", help: "address to listen on" },
  {
    name: "idle-timeout",
    type: "string",
    value: "TIME",
    fallback: "1h",
    help: "a session ends after this long without use (30m, 1h, 7d)",
  },
  {
    name: "absolute-timeout",
    type: "string",
    value: "TIME",
    fallback: "1h",
    help: "a session ends this long after sign-in, used or not",
  },
  { name: "demo", type: "boolean", fallback: "false", help: "allow the demo sign-in on an address others can reach" },
  {
    name: "log-level",
    type: "string",
    value: "LEVEL",
    fallback: "info",
    help: "trace, debug, info, warn, error or silent",
  },
];

const LEVELS = ["trace", "debug", "info", "warn", "error", "silent"];

/** The configuration. An option wins over its environment variable. Throws `UsageError` for anything it does not understand. */
export function readConfig(args: readonly string[], env: Readonly<Record<string, string | undefined>>): Config {
  const given = parseOptions(args);
  const read = ({ name, fallback }: Option): string => String(given[name] ?? env[variableOf(name)] ?? fallback);
  const text = Object.fromEntries(OPTIONS.map((option) => [option.name, read(option)])) as Record<string, string>;
  return {
    store: text["store"] as string,
    host: text["host"] as string,
    port: parsePort(text["port"] as string),
    idleTimeout: parseDuration(text["idle-timeout"] as string, "--idle-timeout"),
    absoluteTimeout: parseDuration(text["absolute-timeout"] as string, "--absolute-timeout"),
    demo: parseBoolean(text["demo"] as string),
    logLevel: parseLevel(text["log-level"] as string),
  };
}

/** The table as help text. */
export function describeOptions(): string {
  const rows = OPTIONS.map(({ name, value, fallback, help }) => {
    const left = `  --${name}${value === undefined ? "" : ` ${value}`}`.padEnd(26);
    return `${left}${help}\n${" ".repeat(26)}${variableOf(name)}, default ${fallback}`;
  });
  return rows.join("\n");
}

function parseOptions(args: readonly string[]): Record<string, string | boolean | undefined> {
  const options = Object.fromEntries(OPTIONS.map(({ name, type }) => [name, { type }]));
  try {
    return parseArgs({ args: [...args], options, strict: true }).values;
  } catch (error) {
    const [reason] = (error as Error).message.split(/\. |\n/);
    throw new UsageError(`${reason}. See --help for what there is.`);
  }
}

function variableOf(name: string): string {
  return `SESSILE_${name.toUpperCase().replaceAll("-", "_")}`;
}

function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port <= 65_535) return port;
  throw new UsageError(`--port must be a number from 0 to 65535; got "${text}".`);
}

function parseBoolean(text: string): boolean {
  if (text === "true" || text === "1") return true;
  if (text === "false" || text === "0" || text === "") return false;
  throw new UsageError(`SESSILE_DEMO must be true or false; got "${text}".`);
}

function parseLevel(text: string): string {
  if (LEVELS.includes(text)) return text;
  throw new UsageError(`--log-level must be one of ${LEVELS.join(", ")}; got "${text}".`);
}
