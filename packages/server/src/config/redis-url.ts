// Redis URLs: one server, Sentinels or a Cluster, and the login. Opens nothing.

import { UsageError } from "./usage-error.ts";

export interface RedisAddress {
  readonly host: string;
  readonly port: number;
}

export interface RedisTarget {
  readonly kind: "single" | "sentinel" | "cluster";
  readonly isTls: boolean;
  /** One server, the Sentinels, or some nodes of the Cluster. */
  readonly addresses: readonly RedisAddress[];
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly database: number;
  /** The Sentinels' name for the primary. */
  readonly primaryName: string;
  /** The beginning of every key; `undefined` for the default of the library. */
  readonly prefix: string | undefined;
}

const FORM = /^redis(s?)(?:\+(sentinel|cluster))?:\/\/(?:(.*)@)?([^@/?#]*)(?:\/([^?#]*))?(?:\?([^#]*))?$/;
const PORTS = { single: 6379, sentinel: 26379, cluster: 6379 } as const;
const EXAMPLES = {
  single: "redis://HOST:PORT/DB",
  sentinel: "redis+sentinel://HOST:PORT,HOST:PORT/DB?name=PRIMARY",
  cluster: "redis+cluster://HOST:PORT,HOST:PORT",
} as const;

/** True for any text that is meant as the URL of a Redis, however wrong. */
export function isRedisUrl(text: string): boolean {
  return /^rediss?(?:\+\w*)?:/.test(text);
}

/**
 * Reads `redis://`, `redis+sentinel://` and `redis+cluster://`, with `rediss` for TLS. Without a user and a password in
 * the URL, SESSILE_REDIS_USERNAME and SESSILE_REDIS_PASSWORD are used. Throws `UsageError`, which shows neither.
 */
export function parseRedisUrl(url: string, env: Readonly<Record<string, string | undefined>>): RedisTarget {
  const [, tls, kind = "single", login, hosts = "", path = "", query = ""] = FORM.exec(url) ?? refuse(url, "single");
  if (!isKind(kind)) return refuse(url, "single");
  const [username, password] = parseLogin(url, login);
  return {
    kind,
    isTls: tls === "s",
    addresses: parseHosts(url, kind, hosts),
    username: username ?? env["SESSILE_REDIS_USERNAME"],
    password: password ?? env["SESSILE_REDIS_PASSWORD"],
    database: parseDatabase(url, kind, path),
    ...parseQuery(url, kind, new URLSearchParams(query)),
  };
}

function isKind(text: string): text is RedisTarget["kind"] {
  return text in PORTS;
}

/** Both are percent-encoded. `:password` alone is the password of the default user. */
function parseLogin(url: string, login: string | undefined): readonly (string | undefined)[] {
  if (login === undefined) return [];
  try {
    const colon = login.includes(":") ? login.indexOf(":") : login.length;
    const parts = [login.slice(0, colon), login.slice(colon + 1)].map(decodeURIComponent);
    return parts.map((part) => (part === "" ? undefined : part));
  } catch {
    throw new UsageError(`--store ${url}: write a % in the user or the password as %25.`);
  }
}

function parseHosts(url: string, kind: RedisTarget["kind"], text: string): readonly RedisAddress[] {
  const hosts = text.split(",");
  if (kind === "single" && hosts.length > 1) {
    throw new UsageError(`--store ${url} names several hosts: write redis+sentinel:// or redis+cluster:// for these.`);
  }
  return hosts.map((host) => parseHost(url, kind, host));
}

function parseHost(url: string, kind: RedisTarget["kind"], text: string): RedisAddress {
  const [, ipv6, name, port = PORTS[kind]] = /^(?:\[([\da-fA-F:.]+)\]|([\w.-]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const host = ipv6 ?? name;
  if (host === undefined || Number(port) < 1 || Number(port) > 65_535) return refuse(url, kind);
  return { host, port: Number(port) };
}

function parseDatabase(url: string, kind: RedisTarget["kind"], text: string): number {
  if (!/^\d{0,5}$/.test(text)) return refuse(url, kind);
  const database = Number(text);
  if (kind === "cluster" && database > 0)
    throw new UsageError(`--store ${url}: a Cluster has no database but 0; leave it out.`);
  return database;
}

/** `prefix` is allowed everywhere, `name` with Sentinels; each at most once, and neither empty. */
function parseQuery(
  url: string,
  kind: RedisTarget["kind"],
  query: URLSearchParams,
): Pick<RedisTarget, "primaryName" | "prefix"> {
  const known = kind === "sentinel" ? ["name", "prefix"] : ["prefix"];
  const isKnown = [...query].every(([key, value]) => known.includes(key) && value !== "");
  const isOnce = new Set(query.keys()).size === query.size;
  const { name = "", prefix } = Object.fromEntries(query);
  if (isKnown && isOnce && (kind !== "sentinel" || name !== "")) return { primaryName: name, prefix };
  if (kind !== "sentinel") return refuse(url, kind);
  throw new UsageError(
    `--store ${url}: say what the Sentinels call the primary, such as ?name=mymaster, and nothing else but a prefix.`,
  );
}

function refuse(url: string, kind: RedisTarget["kind"]): never {
  throw new UsageError(`--store ${url} is no usable Redis URL; it must look like ${EXAMPLES[kind]}.`);
}
