// A PgBouncer for one test file, in front of a PostgreSQL, in transaction mode.

import { spawn } from "node:child_process";
import { chownSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { freePort } from "./free-port.ts";
import { type PostgresServer, UNPRIVILEGED } from "./postgres-server.ts";
import { atExit, endProgram, ownedFolder, retried } from "./redis-program.ts";

export interface Pgbouncer {
  readonly url: string;
  close(): Promise<void>;
}

/** Why there is no PgBouncer for the tests; `false` when there is one. */
export const withoutPgbouncer: string | false = process.env["SESSILE_PGBOUNCER"]
  ? false
  : process.env["SESSILE_PGBOUNCER_MISSING"] || "SESSILE_PGBOUNCER names no program";

/** With few connections to the server, a client rarely gets the same one twice. */
export function startPgbouncer(server: PostgresServer): Promise<Pgbouncer> {
  return retried(async () => startOn(await freePort(), server));
}

async function startOn(port: number, server: PostgresServer): Promise<Pgbouncer> {
  const folder = mkdtempSync(join(tmpdir(), "sessile-pgbouncer-"));
  const remove = ownedFolder(folder);
  const file = join(folder, "pgbouncer.ini");
  writeFileSync(
    file,
    `[databases]
postgres = host=127.0.0.1 port=${server.port} dbname=postgres user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 4
ignore_startup_parameters = extra_float_digits
`,
  );
  if (UNPRIVILEGED.uid !== undefined) chownSync(folder, UNPRIVILEGED.uid, UNPRIVILEGED.gid as number);
  const libraries = process.env["SESSILE_PGBOUNCER_LIBRARY_PATH"];
  const env = { ...process.env, ...(libraries && { LD_LIBRARY_PATH: libraries }) };
  const child = spawn(process.env["SESSILE_PGBOUNCER"] as string, [file], {
    ...UNPRIVILEGED,
    env,
    stdio: ["ignore", "ignore", "pipe"],
  });
  child.once(
    "exit",
    atExit(() => child.kill("SIGKILL")),
  );
  const said: string[] = [];
  await new Promise<void>((resolve, reject) => {
    createInterface({ input: child.stderr }).on("line", (line) => {
      if (line.includes("process up")) resolve();
      if (said.length < 100) said.push(line);
    });
    child.once("error", reject);
    child.once("exit", () => reject(new Error(`PgBouncer ended at once. It said:\n${said.join("\n")}`)));
  });
  return {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    close: async () => {
      await endProgram(child);
      remove();
    },
  };
}
