// What the server prints when it is ready.

import type { Config } from "./config.ts";
import { formatDuration } from "./duration.ts";
import type { OpenedStore } from "./open-store.ts";

export function banner(config: Config, { name, durability }: OpenedStore, url: string): string {
  return `Sessile serves sessions on ${url}

  store       ${name}
  durability  ${durability}
  lifetime    ${formatDuration(config.absoluteTimeout)} after sign-in, or ${formatDuration(config.idleTimeout)} without use
  sign-in     demo: everybody is john_doe

Try it:

  TOKEN=$(curl -sX POST ${url}/login | cut -d'"' -f4)
  curl ${url}/profile -H "X-Session-Token: $TOKEN"
  curl -X POST ${url}/logout -H "X-Session-Token: $TOKEN"

`;
}
