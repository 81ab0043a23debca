// The text that a started server prints.

import type { Config } from "../config/config.ts";
import { formatDuration } from "../config/duration.ts";
import type { OpenedStore } from "../store/open-store.ts";

const DEMO = { signIn: "demo: every sign-in is john_doe", how: "", curl: "-sX POST" };

/** The password is read from standard input: every user of the machine can read command lines. */
const LOGIN = { how: ' (type {"username": "…", "password": "…"} and Ctrl-D)', curl: "-s --json @-" };

export interface Addresses {
  readonly url: string;
  /** The path of the file of users; `null` for the demo. */
  readonly users: string | null;
  /** The URL of `/metrics`, if it has an address of its own. */
  readonly metrics: string | null;
  /** The URL of the admin page; empty without one. */
  readonly admin: string;
}

export function banner(
  config: Config,
  { name, promise, warnings }: OpenedStore,
  { url, users, metrics, admin }: Addresses,
): string {
  const { signIn, how, curl } = users === null ? DEMO : { ...LOGIN, signIn: `the users in ${users}` };
  return `Sessile serves sessions on ${url}

  store       ${name}
  durability  ${[promise, ...warnings].join(" ")}
  lifetime    ${lifetime(config)}
  sign-in     ${signIn}
  docs        ${url}/docs${metrics === null ? "" : `\n  metrics     ${metrics}`}${pages(config, url, admin)}

Try it${how}:

  TOKEN=$(curl ${curl} ${url}/login ${tokenFrom(config)})
  curl ${url}/profile -H "X-Session-Token: $TOKEN"
  curl -X POST ${url}/logout -H "X-Session-Token: $TOKEN"

`;
}

/**
 * The absolute timeout comes first, since it ends sessions in use; an idle timeout that is not shorter has no effect.
 */
function lifetime({ absoluteTimeout, idleTimeout, longestSession }: Config): string {
  const kept = longestSession === null ? "" : `;\n              ${keptFor(longestSession)}`;
  const active = `even an active user must sign in again after ${formatDuration(absoluteTimeout)} (--absolute-timeout)`;
  if (idleTimeout >= absoluteTimeout) return active + kept;
  return `${active},\n              and an idle one after ${formatDuration(idleTimeout)} (--idle-timeout)${kept}`;
}

const keptFor = (longest: number): string =>
  `one who asks to stay signed in stays so for up to ${formatDuration(longest)} (--longest-session)`;

/** With `--cookie`, the body has no token. */
function tokenFrom({ cookie }: Config): string {
  if (cookie === null) return `| cut -d'"' -f4`;
  return "-o /dev/null -D - | grep -i '^set-cookie:' | cut -d= -f2 | cut -d';' -f1";
}

function pages(config: Config, url: string, admin: string): string {
  const account = config.account ? `\n  account     ${url}/account/sessions` : "";
  return `${config.admin ? `\n  admin       ${admin}/admin` : ""}${account}`;
}
