// Finds a Redis or Valkey server for the tests, or downloads one where the system allows it. Starts none.

import { bringFromDebian, broughtBefore } from "./debian/bring.mjs";
import { findOnPath } from "./programs/path.mjs";
import { worksOr } from "./programs/verify.mjs";
import { Problem } from "./ready/problem.mjs";
import { inRoot } from "./ready/repository.mjs";

const PACKAGE = {
  package: "redis-server",
  purpose: "the tests on Redis",
  megabytes: 7,
  path: "usr/bin/redis-server",
  home: inRoot(".cache/redis"),
};

const ADVICE = `The tests need a redis-server or valkey-server, and none was found. Install one:
  Debian, Ubuntu   apt-get install redis-server
  Fedora           dnf install valkey
  Alpine           apk add valkey
  Arch             pacman -S valkey
  macOS            brew install valkey
  Windows          use WSL and one of the above
or set SESSILE_REDIS_SERVER to the path of one.`;

/**
 * Looks at SESSILE_REDIS_SERVER, PATH, earlier downloads, and Debian's packages, in this order.
 * @returns {Promise<{ command: string, env: Record<string, string> }>} `env` is the environment to start it in
 */
export async function findRedis() {
  const given = givenRedis();
  if (given) return worksOr(given, `SESSILE_REDIS_SERVER is set to ${given.command}, which does not run`);
  const found = findOnPath("redis-server") ?? findOnPath("valkey-server");
  if (found) return worksOr({ command: found, env: {} }, `${found} does not run`);
  const brought = (await broughtBefore(PACKAGE)) ?? (await bringFromDebian(PACKAGE, ADVICE));
  if (brought) return brought;
  throw new Problem(ADVICE);
}

function givenRedis() {
  const { SESSILE_REDIS_SERVER: command, SESSILE_REDIS_LIBRARY_PATH: libraries } = process.env;
  if (!command) return undefined;
  return { command, env: libraries ? { LD_LIBRARY_PATH: libraries } : {} };
}
