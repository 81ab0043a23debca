// Finds a PostgreSQL server for the tests, or downloads one where the system allows it. Starts none.

import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { bringFromDebian, broughtBefore } from "./debian/bring.mjs";
import { findOnPath } from "./programs/path.mjs";
import { worksOr } from "./programs/verify.mjs";
import { inRoot } from "./ready/repository.mjs";

const ADVICE = `The tests of the Postgres store need a PostgreSQL of release 15 or later. Install one (Debian, Ubuntu: apt-get install
postgresql), or set SESSILE_POSTGRES to the path of its program \`postgres\`.`;

/** Debian puts the release into the names of the package and of the program's folder. */
const PACKAGE = {
  package: "postgresql",
  purpose: "the tests on PostgreSQL",
  megabytes: 170,
  home: inRoot(".cache/postgres"),
  programIn: (home) => ({
    command: newestIn(join(home, "root/usr/lib/postgresql")) ?? join(home, "none"),
    env: { LD_LIBRARY_PATH: librariesIn(join(home, "root/usr/lib")) },
  }),
};

const BOUNCER = {
  package: "pgbouncer",
  purpose: "the tests behind PgBouncer",
  megabytes: 1,
  path: "usr/sbin/pgbouncer",
  home: inRoot(".cache/pgbouncer"),
};
const BOUNCER_ADVICE =
  "The tests behind PgBouncer need it. Install it (apt-get install pgbouncer), or set SESSILE_PGBOUNCER.";

/** The environment for tests: the programs and how to start them, or the reason why there are none. */
export async function postgresEnv() {
  const postgres = await find([process.env.SESSILE_POSTGRES, findOnPath("postgres"), installed()], PACKAGE, ADVICE);
  const bouncer = await find([process.env.SESSILE_PGBOUNCER, findOnPath("pgbouncer")], BOUNCER, BOUNCER_ADVICE);
  return {
    SESSILE_POSTGRES: postgres.command ?? "",
    SESSILE_POSTGRES_LIBRARY_PATH: postgres.env?.LD_LIBRARY_PATH ?? "",
    SESSILE_POSTGRES_MISSING: postgres.missing ?? "",
    SESSILE_PGBOUNCER: bouncer.command ?? "",
    SESSILE_PGBOUNCER_LIBRARY_PATH: bouncer.env?.LD_LIBRARY_PATH ?? "",
    SESSILE_PGBOUNCER_MISSING: bouncer.missing ?? "",
  };
}

/** The first that runs: named in the environment, installed, downloaded earlier, or in Debian's packages. */
async function find(commands, wanted, advice) {
  for (const command of commands.filter(Boolean)) {
    const program = await worksOr({ command, env: {} }, "").catch(() => undefined);
    if (program) return program;
  }
  try {
    return (await broughtBefore(wanted)) ?? (await bringFromDebian(wanted, advice)) ?? { missing: advice };
  } catch (error) {
    if (process.env.CI) throw error;
    return { missing: error.message };
  }
}

/** Debian keeps the server's programs off PATH. */
const installed = () => newestIn("/usr/lib/postgresql");

function newestIn(folder) {
  const releases = existsSync(folder) ? readdirSync(folder) : [];
  const [newest] = releases.filter((name) => /^\d+$/.test(name)).sort((a, b) => b - a);
  return newest && join(folder, newest, "bin/postgres");
}

function librariesIn(folder) {
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => name.includes("-linux-gnu")) : [];
  return names.map((name) => join(folder, name)).join(":");
}
