// Whether a request may act with a cookie: the algorithm of Go 1.25's `net/http.CrossOriginProtection`, in its order.

import type { SessionError } from "../core/errors.ts";
import { wrong } from "../core/options.ts";
import type { SessionRequest } from "../core/transport.ts";

/**
 * A test of requests. Safe methods pass, but for upgrades. Otherwise the browser's own header decides,
 * `Sec-Fetch-Site`; without it, `Origin` must name the host that was asked, or be absent, as it is when no browser is
 * involved. Trusted origins and exempt paths pass; both match exactly, because a pattern that normalises would exempt
 * more than was meant (CVE-2025-47910).
 */
export function crossSitePolicy(
  trustedOrigins: readonly string[],
  exemptPaths: readonly string[],
): (request: SessionRequest) => boolean {
  if (!Array.isArray(trustedOrigins)) throw wrongOrigins();
  if (!Array.isArray(exemptPaths)) throw wrongPaths();
  const origins = new Set(trustedOrigins.map(checkOriginOption));
  const paths = new Set(exemptPaths.map(checkPathOption));
  return (request) => isSafe(request) || isSameSite(request) || isExempt(request, origins, paths);
}

/**
 * A WebSocket begins as a GET, but browsers let other sites read and write it (cross-site WebSocket hijacking).
 * `Upgrade` ends at the first proxy that asks another server for the user; the key of the handshake does not.
 */
function isSafe(request: SessionRequest): boolean {
  const { method } = request;
  if (method !== "GET" && method !== "HEAD" && method !== "OPTIONS") return false;
  return request.header("upgrade") === undefined && request.header("sec-websocket-key") === undefined;
}

function isSameSite(request: SessionRequest): boolean {
  const site = request.header("sec-fetch-site");
  if (site !== undefined && site !== "") return site === "same-origin" || site === "none";
  const origin = request.header("origin");
  return origin === undefined || origin === "" || isOriginOf(origin, request.header("host"));
}

function isExempt(request: SessionRequest, origins: ReadonlySet<string>, paths: ReadonlySet<string>): boolean {
  const origin = request.header("origin");
  return (origin !== undefined && origins.has(origin)) || paths.has(request.path);
}

/** Whether `host` is that of `origin`, in whatever spelling: capitals, and the port that the scheme stands for. */
function isOriginOf(origin: string, host: string | undefined): boolean {
  const [, scheme = "", own = ""] = /^(https?):\/\/([^/?#@\s]+)$/.exec(origin) ?? [];
  return own !== "" && host !== undefined && canonical(scheme, own) === canonical(scheme, host);
}

function canonical(scheme: string, host: string): string {
  return host.toLowerCase().replace(scheme === "https" ? /:443$/ : /:80$/, "");
}

/**
 * Web origins, and those of native shells and browser extensions, such as `tauri://localhost`, which no URL parser
 * takes for origins.
 */
function checkOriginOption(origin: string): string {
  if (typeof origin !== "string") throw wrongOrigins();
  if (origin.includes("*"))
    throw wrong("trustedOrigins", "exact origins: name each, because one with `*` matches nothing");
  const isOfWeb = URL.canParse(origin) && new URL(origin).origin === origin;
  if (isOfWeb || /^(?!https?:)[a-z][a-z0-9+.-]*:\/\/[a-z0-9._-]+$/.test(origin)) return origin;
  throw wrongOrigins();
}

function wrongOrigins(): SessionError {
  return wrong("trustedOrigins", "a list of origins such as `https://app.example.com`, without a path");
}

function checkPathOption(path: string): string {
  if (typeof path === "string" && path.startsWith("/")) return path;
  throw wrongPaths();
}

function wrongPaths(): SessionError {
  return wrong("exemptPaths", "a list of exact paths that start with `/`");
}
