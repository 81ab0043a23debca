// The shared suite through PgBouncer in transaction mode, which lends a connection to one transaction at a time.

import { after } from "node:test";
import pg from "pg";
import { storeSuite } from "sessile/testing";
import { startPgbouncer, withoutPgbouncer } from "sessile-test-support/pgbouncer";
import { startPostgres, withoutPostgres } from "sessile-test-support/postgres-server";
import { LIBRARIES, POOLS, patientStore } from "./clients.ts";

if (withoutPostgres === false && withoutPgbouncer === false) {
  const server = await startPostgres();
  const bouncer = await startPgbouncer(server);
  const admin = new pg.Pool({ connectionString: server.url });
  after(async () => {
    await admin.end();
    await bouncer.close();
    await server.close();
  });

  for (const library of LIBRARIES) {
    storeSuite(`postgres over ${library} and PgBouncer in transaction mode`, async () => {
      // Postgres.js itself hangs there with named statements; `pg` needs no option.
      const options = library === "postgres" ? { prepare: false } : {};
      const pools = [POOLS[library](bouncer.url, 10, options), POOLS[library](bouncer.url, 10, options)] as const;
      const table = `bounced_${library}`;
      return {
        stores: [patientStore(pools[0].pool, { table }), patientStore(pools[1].pool, { table })],
        corrupt: async (sid) => {
          await admin.query(`UPDATE ${table} SET head = left(head, -1) WHERE sid = $1`, [sid]);
        },
        close: async () => {
          for (const { close } of pools) await close();
        },
      };
    });
  }
}
