// The token in a cookie, with the strictest attributes a session can live with. Knows no adapter.

import { SessionError, shown } from "../core/errors.ts";
import { checkNames, wrong } from "../core/options.ts";
import type { SessionRequest, SessionTransport } from "../core/transport.ts";
import { readCookies } from "./cookie-header.ts";
import { crossSitePolicy } from "./cross-site.ts";

/** Name and attributes of the cookie, and the sites that may send it. */
export interface CookieOptions {
  /**
   * Default `__Host-session`: browsers then insist on `Secure`, `Path=/` and no `Domain`, so no other host can set it.
   */
  readonly name?: string;
  /** Which requests of other sites carry it: links (`"Lax"`, the default), none (`"Strict"`) or all (`"None"`). */
  readonly sameSite?: "Strict" | "Lax" | "None";
  /** Shares the cookie with subdomains. Only without the `__Host-` prefix; default: this host alone. */
  readonly domain?: string;
  /** Default `/`, which `__Host-` demands. */
  readonly path?: string;
  /** Default true. False only for a name without prefix, in development over plain HTTP. */
  readonly secure?: boolean;
  /** False: browsers forget the cookie when they are closed, whatever a sign-in asks for. Default true. */
  readonly persistent?: boolean;
  /** Keeps the cookie apart for each site that embeds this one (CHIPS). Default false. */
  readonly partitioned?: boolean;
  /**
   * Other data of this origin that the browser deletes at sign-out, by `Clear-Site-Data`. Default: nothing, because
   * answers about a session are `no-store` already (ASVS 14.3.1 says that the header may help). For applications that
   * keep a user's data in the browser and are alone on their origin. Each has a price: `"cache"` makes Chromium look
   * through its whole cache (1.5 s for 3,000 files); `"storage"` takes localStorage, IndexedDB and service workers of
   * every program on the origin; `"cookies"` takes all cookies of the site.
   */
  readonly clearSiteData?: readonly ("cache" | "cookies" | "storage")[];
  /** Origins, such as `https://app.example.com`, that may act with the cookie from another site. Default: none. */
  readonly trustedOrigins?: readonly string[];
  /** Exact paths where a cross-site request may act with the cookie. Default: none. */
  readonly exemptPaths?: readonly string[];
}

const KNOWN = new Set<string>([
  "name",
  "sameSite",
  "domain",
  "path",
  "secure",
  "persistent",
  "partitioned",
  "clearSiteData",
  "trustedOrigins",
  "exemptPaths",
] satisfies (keyof CookieOptions)[]);

/** Browsers shorten anything longer (RFC 6265bis §5.5). */
const LONGEST_AGE = 400 * 24 * 60 * 60;

/**
 * Keeps the token in a cookie that lasts as long as the session can: a touch never has to send it again. Because
 * browsers attach cookies by themselves, unsafe requests from other sites are refused (see `cross-site.ts`).
 */
export function cookieTransport(options: CookieOptions = {}): SessionTransport {
  checkNames(options, KNOWN, "");
  const { name = "__Host-session", trustedOrigins = [], exemptPaths = [], clearSiteData = [] } = options;
  const attributes = formatAttributes(name, options);
  const deletion = `${name}=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT`;
  const forgotten = formatForgotten(clearSiteData);
  const { persistent = true } = options;
  checkFlag("persistent", persistent);
  return Object.freeze({
    name: "cookie",
    requestHeader: "Cookie",
    read: (request) => readCookies(request.header("cookie"), name),
    issue(token, maxAge, response) {
      const age = maxAge === null || !persistent ? "" : `; Max-Age=${seconds(maxAge)}`;
      response.append("set-cookie", `${name}=${token}${age}${attributes}`);
    },
    clear(response) {
      response.append("set-cookie", deletion + attributes);
      if (forgotten !== "") response.set("clear-site-data", forgotten);
    },
    objection: (request) => (options.secure === false ? undefined : objectionTo(request)),
    permits: crossSitePolicy(trustedOrigins, exemptPaths),
    expireOthers: (request) =>
      otherVariants(name, options, request).map((variant) => deletion + formatAttributes(name, variant)),
  } satisfies SessionTransport);
}

/**
 * Browsers keep `Secure` cookies of plain HTTP for the machine itself alone. Behind a proxy the connection does not
 * show that; the page that sent the request does.
 */
function objectionTo(request: SessionRequest): string | undefined {
  const page = request.header("origin") ?? request.header("referer") ?? "";
  const host = /^http:\/\/([^/?#@\s]{1,255})/.exec(page)?.[1];
  if (host === undefined || host !== request.header("host") || isLoopback(host)) return undefined;
  const where = `over plain HTTP to http://${shown(host)}`;
  return `The \`Secure\` session cookie left ${where}, where browsers drop it: no user stays signed in. Serve HTTPS, or use http://localhost.`;
}

function isLoopback(host: string): boolean {
  return /^(?:(?:[^:]*\.)?localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d*)?$/i.test(host);
}

/** Number of a host's parent domains, which may set cookies for it, that are considered. */
const MOST_DOMAINS = 4;

/**
 * The cookies of this name that other configurations, or other hosts of the site, could have set so that this request
 * carries them: those of the other partition state, and those of the host's parent domains. Those of another path
 * cannot be known.
 */
function otherVariants(name: string, options: CookieOptions, request: SessionRequest): Attributes[] {
  const { domain, secure = true, partitioned = false } = options;
  const domains = /^__host-/i.test(name) ? [undefined] : [undefined, ...domainsOf(request.header("host") ?? "")];
  return domains.flatMap((each) =>
    (secure ? [false, true] : [false]).flatMap((isPartitioned) => {
      if (each === domain?.toLowerCase() && isPartitioned === partitioned) return [];
      // A partitioned cookie is one of embedded pages, where browsers take no other attribute
      return [
        { ...options, domain: each, partitioned: isPartitioned, ...(isPartitioned && { sameSite: "None" as const }) },
      ];
    }),
  );
}

/** The host and its parent domains; none of an address. */
function domainsOf(host: string): string[] {
  const labels = (/^([^:]+)(:\d*)?$/.exec(host.toLowerCase())?.[1] ?? "").split(".");
  const domains = labels.map((_, index) => labels.slice(index).join(".")).filter(isHostName);
  return /^\d+$/.test(labels.at(-1) ?? "") ? [] : domains.slice(-MOST_DOMAINS);
}

/** Whole seconds, at least one (0 would delete the cookie of a live session), at most what browsers keep. */
function seconds(maxAge: number): number {
  return Math.min(Math.max(Math.floor(maxAge / 1000), 1), LONGEST_AGE);
}

/** The options that are attributes of the cookie. */
type Attributes = Omit<CookieOptions, "domain"> & { readonly domain?: string | undefined };

function formatAttributes(name: string, options: Attributes): string {
  const { sameSite = "Lax", domain, path = "/", secure = true, partitioned = false } = options;
  checkName(name);
  checkFlag("secure", secure);
  checkFlag("partitioned", partitioned);
  checkPrefixRules(name, { domain, path, secure });
  if (!["Strict", "Lax", "None"].includes(sameSite)) throw wrong("sameSite", '`"Strict"`, `"Lax"` or `"None"`');
  if (!secure && (sameSite === "None" || partitioned))
    throw wrong("secure", 'true with `sameSite: "None"` or `partitioned`');
  if (typeof path !== "string" || !/^\/[\x20-\x3a\x3c-\x7e]{0,1000}$/.test(path))
    throw wrong("path", "a path that starts with `/`, without `;` and control characters");
  if (domain !== undefined && !isHostName(domain)) throw wrong("domain", "a host name such as `example.com`");
  return [
    `; Path=${path}`,
    domain === undefined ? "" : `; Domain=${domain}`,
    secure ? "; Secure" : "",
    "; HttpOnly",
    `; SameSite=${sameSite}`,
    partitioned ? "; Partitioned" : "",
  ].join("");
}

function formatForgotten(kinds: readonly string[]): string {
  if (!Array.isArray(kinds) || ![...kinds].every((kind) => ["cache", "cookies", "storage"].includes(kind)))
    throw wrong("clearSiteData", 'a list of `"cache"`, `"cookies"` and `"storage"`');
  return kinds.map((kind) => `"${kind}"`).join(", ");
}

/** Text such as `"false"` is true for JavaScript, and no decision. */
function checkFlag(name: string, value: boolean): void {
  if (typeof value !== "boolean") throw wrong(name, "true or false");
}

function isHostName(domain: string): boolean {
  return typeof domain === "string" && domain.length <= 253 && /^[a-z0-9-]+(\.[a-z0-9-]+)+$/i.test(domain);
}

function checkName(name: string): void {
  if (typeof name === "string" && /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$/.test(name)) return;
  throw wrong("name", "a cookie name of at most 100 characters (RFC 6265: letters, digits and `!#$%&'*+-.^_`|~`)");
}

function checkPrefixRules(
  name: string,
  { domain, path, secure }: { domain: string | undefined; path: string; secure: boolean },
): void {
  if (/^__(host|secure|http|host-http)-/i.test(name) && !secure) throw prefixRule(name, "`secure: true`");
  if (!/^__host-/i.test(name)) return;
  if (domain !== undefined) throw prefixRule(name, "no `domain`");
  if (path !== "/") throw prefixRule(name, '`path: "/"`');
}

function prefixRule(name: string, needs: string): SessionError {
  return new SessionError("ERR_SESSION_OPTION", `A cookie named \`${name}\` needs ${needs}, or browsers ignore it.`);
}
