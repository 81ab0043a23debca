// The configuration of the server: all settings, parsed and checked.

import type { SessionManagerOptions } from "sessile";
import { type ListenAddress, parseAddress } from "./address.ts";
import { parseCookie, parseTrustedOrigins } from "./cookie.ts";
import { parseDuration } from "./duration.ts";
import type { Settings } from "./settings.ts";
import { type Trust, trustIn } from "./trusted-proxies.ts";
import { UsageError } from "./usage-error.ts";
import { parseVerifyHeaders } from "./verify-headers.ts";

export type Config = Readonly<ReturnType<typeof parseConfig>>;

const LEVELS = ["trace", "debug", "info", "warn", "error", "silent"] as const;

/**
 * Load balancers need seconds to minutes. Without a bound, a mistyped unit would make a server that seems to ignore
 * SIGTERM.
 */
const LONGEST_STOP_DELAY = 10 * 60_000;

/** Parses the settings. Throws `UsageError` at the first bad one. */
export function parseConfig({ all }: Settings) {
  const text = (name: string): string => all[name]?.text ?? "";
  return {
    store: text("store"),
    /** How long a session that ended in another process may be accepted, in milliseconds; `null` for no cache. */
    cache: parseCache(text("cache")),
    confirmReplicas: parseReplicas(text("confirm-replicas")),
    /** The path of the file of users; empty when it is not given. */
    users: text("users"),
    host: text("host"),
    port: parsePort(text("port")),
    idleTimeout: parseDuration(text("idle-timeout"), "--idle-timeout"),
    absoluteTimeout: parseDuration(text("absolute-timeout"), "--absolute-timeout"),
    /** The longest session that a sign-in may ask for, used or not; `null` when it may not ask for a longer one. */
    longestSession: parseLongest(text("longest-session"), text("absolute-timeout")),
    demo: parseBoolean("demo", text("demo")),
    /** Whether the admin page is served, and the address of its own, if any. */
    admin: parseBoolean("admin", text("admin")),
    adminListen: parseAdminListen(text("admin-listen"), text("admin")),
    account: parseBoolean("account", text("account")),
    logLevel: parseChoice(text("log-level"), LEVELS, "--log-level"),
    logAddress: parseChoice(text("log-address"), ["off", "network"], "--log-address"),
    device: parseChoice(text("device"), ["off", "family"], "--device"),
    /** The peers whose statements about the client are believed. */
    trustProxy: parseNetworks(text("trust-proxy")),
    /** The browsers' cookie; `null` when tokens travel in headers only. */
    cookie: parseCookie(text("cookie"), text("cookie-domain")),
    /** Origins beside the server's own whose pages may act with its cookies. */
    trustedOrigins: parseTrustedOrigins(text("trusted-origins")),
    /** The path of the keys for digests of tokens; empty for none. */
    tokenKeys: text("token-keys"),
    /** The keys of session data that `/verify` returns, and their headers. */
    verifyHeaders: parseVerifyHeaders(text("verify-headers")),
    /** The address that serves `/metrics` without a key. */
    metrics: parseAddress(text("metrics"), "--metrics"),
    stopDelay: parseDuration(text("stop-delay"), "--stop-delay", 0, LONGEST_STOP_DELAY),
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

function parseNetworks(text: string): Trust {
  try {
    return trustIn(text === "" ? [] : text.split(",").map((each) => each.trim()));
  } catch (error) {
    throw new UsageError(
      `--trust-proxy must be a list of addresses or networks, such as 127.0.0.1,10.0.0.0/8; got "${(error as Error).message}".`,
    );
  }
}
