// The promises on one PostgreSQL, over both client libraries, each server with a pool of its own.

import { startPostgres, withoutPostgres } from "sessile-test-support/postgres-server";
import { LIBRARIES, POOLS, patientStore } from "../stores/postgres/clients.ts";
import { promises } from "./promises.ts";

for (const library of withoutPostgres === false ? LIBRARIES : []) {
  promises(`postgres over ${library}`, async () => {
    const server = await startPostgres();
    const [one, two] = [POOLS[library](server.url), POOLS[library](server.url)];
    return {
      stores: [patientStore(one.pool), patientStore(two.pool)],
      close: async () => {
        await one.close();
        await two.close();
        await server.close();
      },
    };
  });
}
