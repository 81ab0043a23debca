import { PGlite } from "@electric-sql/pglite";
import { postgresStore } from "sessile/postgres";
import { lifetimes } from "./lifetimes.ts";

lifetimes("postgres over PGlite", async () => {
  const database = await PGlite.create();
  const store = () => postgresStore({ pool: database, deadline: 10_000 });
  return { stores: [store(), store()], close: () => database.close() };
});
