// `sessile schema`: the SQL that creates the tables, for an administrator to run.

import { isSessionError } from "sessile";
import { postgresSchema } from "sessile/postgres";
import { UsageError } from "../config/usage-error.ts";
import { type Command, EXIT, optional } from "./command.ts";

export const SCHEMA_COMMAND: Command = {
  name: "schema",
  summary: "print the SQL that makes the tables in Postgres",
  options: [{ name: "table", value: "NAME", help: "name or schema.name; default sessile_sessions" }],
  notes: `For a database in which the user of the server may not create tables. That user then needs USAGE of the schema, and SELECT,
INSERT, UPDATE and DELETE of the table.`,
  examples: ["sessile schema | psql shop", "sessile schema --table sessions.web"],
  run(call) {
    try {
      call.output.line(postgresSchema(optional(call, "table")));
    } catch (error) {
      if (isSessionError(error)) throw new UsageError(`--table: ${error.message}`);
      throw error;
    }
    return EXIT.done;
  },
};
