// The table of the server's options, for the command line, the environment, the file and the help.

export interface Option {
  readonly name: string;
  /** The placeholder for the value in the help. An option without one is a switch. */
  readonly value?: string;
  readonly fallback?: string;
  readonly help: string;
}

export const OPTIONS: readonly Option[] = [
  {
    name: "config",
    value: "PATH",
    help: "file of settings, one JSON object with these options; serve also finds sessile.config.json in its folder",
  },
  {
    name: "store",
    value: "URL",
    fallback: "sqlite:sessile.db",
    help: "memory, sqlite:PATH, postgres://USER@HOST/DB, redis://HOST:PORT/DB, redis+sentinel://… or redis+cluster://…",
  },
  {
    name: "cache",
    value: "TIME",
    fallback: "off",
    help: "Redis: answer from copies; a session that ended elsewhere is accepted this long at most (1s)",
  },
  {
    name: "confirm-replicas",
    value: "N",
    fallback: "0",
    help: "Redis: number of replicas that must confirm the end of a session; without them the answer is 503",
  },
  {
    name: "users",
    value: "PATH",
    help: "file of the users who can sign in; default: the one beside a SQLite store, if it is there",
  },
  { name: "port", value: "N", fallback: "8000", help: "port to listen on; 0 takes a free one" },
  { name: "host", value: "HOST", fallback: "127.0.0.1", help: "address to listen on" },
  {
    name: "idle-timeout",
    value: "TIME",
    fallback: "1h",
    help: "a session ends after this long without use (30m, 1h, 7d)",
  },
  {
    name: "absolute-timeout",
    value: "TIME",
    fallback: "1h",
    help: "a session ends this long after sign-in, used or not",
  },
  {
    name: "longest-session",
    value: "TIME",
    help: 'longest session that a sign-in may ask for (30d), by "Keep me signed in" or POST /sessions',
  },
  { name: "demo", fallback: "false", help: "allow the demo sign-in on an address that others can reach" },
  {
    name: "admin",
    fallback: "false",
    help: "serve the admin page at /admin, for users whom `sessile users grant` made administrators",
  },
  { name: "admin-listen", value: "HOST:PORT", help: "serve the admin page on this address only" },
  {
    name: "account",
    fallback: "false",
    help: "serve /account/sessions, where users see where they are signed in and set a new password",
  },
  { name: "log-level", value: "LEVEL", fallback: "info", help: "trace, debug, info, warn, error or silent" },
  {
    name: "log-address",
    value: "WHAT",
    fallback: "off",
    help: "off, or network: log the client's /24 or /48 with each security event",
  },
  {
    name: "device",
    value: "WHAT",
    fallback: "off",
    help: 'off, or family: keep "Firefox on Linux" with a session, so that its user recognises it',
  },
  {
    name: "trust-proxy",
    value: "NETWORKS",
    help: "proxies whose X-Forwarded-For and -Proto are believed, such as 127.0.0.1,10.0.0.0/8",
  },
  {
    name: "cookie",
    value: "NAME",
    help: "for browsers behind a proxy: read the token from this cookie too, and set it there",
  },
  { name: "cookie-domain", value: "DOMAIN", help: "share the cookie with this domain's subdomains" },
  {
    name: "trusted-origins",
    value: "LIST",
    help: "origins whose pages may act with the server's cookies, such as https://app.example.com",
  },
  {
    name: "token-keys",
    value: "FILE",
    help: "digest tokens with the keys in this file, one `NAME HEX` a line; the first makes new digests",
  },
  {
    name: "verify-headers",
    value: "LIST",
    help: "session data that /verify returns to a proxy: username=X-User-Name,roles=X-User-Roles",
  },
  {
    name: "metrics",
    value: "ADDRESS",
    help: "serve /metrics without a key on a separate address, such as 127.0.0.1:9464",
  },
  {
    name: "stop-delay",
    value: "TIME",
    fallback: "0s",
    help: "after a signal to stop, serve this long (10m at most) and report not ready",
  },
];

/** Options as help text, each with its variable. `indent` is the column in which descriptions begin. */
export function describeOptions(options: readonly Option[], indent: number): string {
  const rows = options.map(({ name, value, fallback, help }) => {
    const left = `  --${name}${value === undefined ? "" : ` ${value}`}`.padEnd(indent);
    return `${left}${help}\n${" ".repeat(indent)}${variableOf(name)}, default ${fallback ?? "none"}`;
  });
  return rows.join("\n");
}

/** The environment variable of an option. */
export function variableOf(name: string): string {
  return `SESSILE_${name.toUpperCase().replaceAll("-", "_")}`;
}
