// What the server prints when it is ready.

import type { Config } from "../config/config.ts";
import { formatDuration } from "../config/duration.ts";
import type { OpenedStore } from "./open-store.ts";

const DEMO = { signIn: "demo: everybody is john_doe", how: "", curl: "-sX POST" };

/** From standard input: what stands on a command line, every user of the machine can read. */
const LOGIN = { how: ' (type {"username": "…", "password": "…"} and Ctrl-D)', curl: "-s --json @-" };

export interface Addresses {
  readonly url: string;
  /** The file of the users; `null` for the demo. */
  readonly users: string | null;
  /** Where `/metrics` is, when it has an address of its own. */
  readonly metrics: string | null;
  /** Where the admin page is, if there is one. */
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
  lifetime    ${formatDuration(config.absoluteTimeout)} after sign-in, or ${formatDuration(config.idleTimeout)} without use
  sign-in     ${signIn}${metrics === null ? "" : `\n  metrics     ${metrics}`}${pages(config, url, admin)}

Try it${how}:

  TOKEN=$(curl ${curl} ${url}/login | cut -d'"' -f4)
  curl ${url}/profile -H "X-Session-Token: $TOKEN"
  curl -X POST ${url}/logout -H "X-Session-Token: $TOKEN"

`;
}

function pages(config: Config, url: string, admin: string): string {
  const account = config.account ? `\n  account     ${url}/account/sessions` : "";
  return `${config.admin ? `\n  admin       ${admin}/admin` : ""}${account}`;
}
