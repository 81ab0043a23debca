// The configuration of the server: all settings, parsed and checked.

import type { SessionManagerOptions } from "sessile";
import { type ListenAddress, parseAddress } from "./address.ts";
import { type CookieChoice, parseCookie, parseTrustedOrigins } from "./cookie.ts";
import { parseDuration } from "./duration.ts";
import { type Environment, parseOptions, readSettings, type Settings } from "./settings.ts";
import { TrustedProxies } from "./trusted-proxies.ts";
import { UsageError } from "./usage-error.ts";
import { parseVerifyHeaders } from "./verify-headers.ts";

export interface Config {
  readonly store: string;
  /** How long a session that ended in another process may be accepted, in milliseconds; `null` for no cache. */
  readonly cache: number | null;
  readonly confirmReplicas: number;
  /** The path of the file of users; empty when it is not given. */
  readonly users: string;
  readonly host: string;
  readonly port: number;
  readonly idleTimeout: number;
  readonly absoluteTimeout: number;
  /** The longest session that a sign-in may ask for, used or not; `null` when it may not ask for a longer one. */
  readonly longestSession: number | null;
  readonly demo: boolean;
  /** Whether the admin page is served, and the address of its own, if any. */
  readonly admin: boolean;
  readonly adminListen: ListenAddress | null;
  readonly account: boolean;
  readonly logLevel: string;
  readonly logAddress: "off" | "network";
  readonly device: "off" | "family";
  /** Networks whose statements about the client are believed. */
  readonly trustProxy: readonly string[];
  /** The browsers' cookie; `null` when tokens travel in headers only. */
  readonly cookie: CookieChoice | null;
  /** Origins beside the server's own whose pages may act with its cookies. */
  readonly trustedOrigins: readonly string[];
  /** The path of the keys for digests of tokens; empty for none. */
  readonly tokenKeys: string;
  /** The keys of session data that `/verify` returns, and their headers. */
  readonly verifyHeaders: readonly (readonly [key: string, header: string])[];
  /** The address that serves `/metrics` without a key. */
  readonly metrics: ListenAddress | null;
  readonly stopDelay: number;
}

const LEVELS = ["trace", "debug", "info", "warn", "error", "silent"] as const;

/**
 * Load balancers need seconds to minutes. Without a bound, a mistyped unit would make a server that seems to ignore
 * SIGTERM.
 */
const LONGEST_STOP_DELAY = 10 * 60_000;

/** Reads the configuration of the server. Throws `UsageError` for anything it does not understand. */
export function readConfig(args: readonly string[], env: Environment): Config {
  return parseConfig(readSettings(parseOptions(args), env, true));
}

/** Parses the settings. Throws `UsageError` at the first bad one. */
export function parseConfig({ all }: Settings): Config {
  const text = Object.fromEntries(Object.entries(all).map(([name, setting]) => [name, setting.text]));
  return {
    store: text["store"] as string,
    cache: parseCache(text["cache"] as string),
    confirmReplicas: parseReplicas(text["confirm-replicas"] as string),
    users: text["users"] as string,
    host: text["host"] as string,
    port: parsePort(text["port"] as string),
    idleTimeout: parseDuration(text["idle-timeout"] as string, "--idle-timeout"),
    absoluteTimeout: parseDuration(text["absolute-timeout"] as string, "--absolute-timeout"),
    longestSession: parseLongest(text["longest-session"] as string, text["absolute-timeout"] as string),
    demo: parseBoolean("demo", text["demo"] as string),
    admin: parseBoolean("admin", text["admin"] as string),
    adminListen: parseAdminListen(text["admin-listen"] as string, text["admin"] as string),
    account: parseBoolean("account", text["account"] as string),
    logLevel: parseChoice(text["log-level"] as string, LEVELS, "--log-level"),
    logAddress: parseChoice(text["log-address"] as string, ["off", "network"], "--log-address"),
    device: parseChoice(text["device"] as string, ["off", "family"], "--device"),
    trustProxy: parseNetworks(text["trust-proxy"] as string),
    cookie: parseCookie(text["cookie"] as string, text["cookie-domain"] as string),
    trustedOrigins: parseTrustedOrigins(text["trusted-origins"] as string),
    tokenKeys: text["token-keys"] as string,
    verifyHeaders: parseVerifyHeaders(text["verify-headers"] as string),
    metrics: parseAddress(text["metrics"] as string, "--metrics"),
    stopDelay: parseDuration(text["stop-delay"] as string, "--stop-delay", 0, LONGEST_STOP_DELAY),
  };
}

/** The lifetimes of sessions as options of a manager, which refuses an idle timeout above the absolute one. */
export function lifetimesOf({
  absoluteTimeout,
  longestSession,
  ...given
}: Config): Pick<SessionManagerOptions, "idleTimeout" | "absoluteTimeout" | "longest"> {
  const idleTimeout = Math.min(given.idleTimeout, absoluteTimeout);
  if (longestSession === null) return { idleTimeout, absoluteTimeout };
  const longest = { absolute: longestSession, idle: Math.max(longestSession, idleTimeout) };
  return { idleTimeout, absoluteTimeout, longest };
}

function parseLongest(text: string, absolute: string): number | null {
  if (text === "") return null;
  const longest = parseDuration(text, "--longest-session");
  if (longest >= parseDuration(absolute, "--absolute-timeout")) return longest;
  throw new UsageError(`--longest-session must be at least --absolute-timeout, which is ${absolute}; got "${text}".`);
}

function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port <= 65_535) return port;
  throw new UsageError(`--port must be a number from 0 to 65535; got "${text}".`);
}

function parseCache(text: string): number | null {
  const bound = text === "off" ? null : parseDuration(text, "--cache", 100);
  if (bound === null || bound <= 60_000) return bound;
  throw new UsageError(`--cache must be off, or from 100ms to 1m; got "${text}".`);
}

function parseReplicas(text: string): number {
  if (/^(?:100|\d{1,2})$/.test(text)) return Number(text);
  throw new UsageError(`--confirm-replicas must be a number from 0 to 100; got "${text}".`);
}

function parseAdminListen(text: string, admin: string): ListenAddress | null {
  if (text === "" || parseBoolean("admin", admin)) return parseAddress(text, "--admin-listen");
  throw new UsageError("--admin-listen says where, but not that: it needs --admin.");
}

function parseBoolean(name: string, text: string): boolean {
  if (text === "true" || text === "1") return true;
  if (text === "false" || text === "0" || text === "") return false;
  throw new UsageError(`--${name} must be true or false; got "${text}".`);
}

function parseChoice<Choice extends string>(text: string, choices: readonly Choice[], name: string): Choice {
  const choice = choices.find((each) => each === text);
  if (choice !== undefined) return choice;
  throw new UsageError(`${name} must be one of ${choices.join(", ")}; got "${text}".`);
}

/** A network of all addresses is refused: with it, every client could choose its own address. */
function parseNetworks(text: string): readonly string[] {
  const networks = text.split(",").map((each) => each.trim());
  if (text === "") return [];
  try {
    new TrustedProxies(networks);
    return networks;
  } catch (error) {
    throw new UsageError(
      `--trust-proxy must be a list of addresses or networks, such as 127.0.0.1,10.0.0.0/8; got "${(error as Error).message}".`,
    );
  }
}
