// The shared suite on a PostgreSQL, over both client libraries, as a user with no more than the documented rights.

import { after } from "node:test";
import pg from "pg";
import { postgresSchema } from "sessile/postgres";
import { storeSuite } from "sessile/testing";
import { startPostgres, withoutPostgres } from "sessile-test-support/postgres-server";
import { LIBRARIES, POOLS, patientStore } from "./clients.ts";

if (withoutPostgres === false) {
  const server = await startPostgres();
  const admin = new pg.Pool({ connectionString: server.url });
  after(async () => {
    await admin.end();
    await server.close();
  });

  for (const library of LIBRARIES) {
    storeSuite(`postgres over ${library}, allowed no more than the documented rights`, async () => {
      const [schema, table] = [`suite_${library}`, `suite_${library}.sessions`];
      await admin.query(`CREATE SCHEMA ${schema}; ${postgresSchema(table)} CREATE ROLE ${schema} LOGIN;
        GRANT USAGE ON SCHEMA ${schema} TO ${schema};
        GRANT SELECT, INSERT, UPDATE, DELETE ON ${table} TO ${schema}`);
      const url = server.url.replace("postgres@", `${schema}@`);
      const pools = [POOLS[library](url), POOLS[library](url)] as const;
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

    storeSuite(`postgres over ${library}, in pools whose transactions are serializable`, async () => {
      const table = `strict_${library}`;
      const url = `${server.url}?options=-c%20default_transaction_isolation%3Dserializable`;
      const strict = library === "pg" ? {} : { connection: { default_transaction_isolation: "serializable" } };
      const pools = [1, 2].map(() => POOLS[library](library === "pg" ? url : server.url, 10, strict));
      const [one, two] = pools as [(typeof pools)[0], (typeof pools)[0]];
      return {
        stores: [patientStore(one.pool, { table }), patientStore(two.pool, { table })],
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
