// `sessile import`: imports the sessions of express-session.

import { UsageError } from "../config/usage-error.ts";
import { objectionTo } from "../store/marker.ts";
import {
  type Call,
  type Command,
  EXIT,
  type ExitCode,
  JSON_OPTION,
  optional,
  required,
  STORE_SETTINGS,
} from "./command.ts";
import { type FormerStore, openConnectPg, openConnectRedis, openExpressSqlite } from "./import/former-store.ts";
import { type Counts, importSessions } from "./import/import-sessions.ts";
import { Progress } from "./terminal/progress.ts";
import { count, counted } from "./terminal/words.ts";
import { withStore } from "./with-store.ts";

const KINDS = "connect-redis, connect-pg-simple or express-session-sqlite";

export const IMPORT_COMMAND: Command = {
  name: "import",
  summary: "import express-session's sessions; signed-in users stay signed in",
  options: [
    { name: "from", value: "KIND", help: KINDS },
    { name: "source", value: "WHERE", help: "redis://…, postgres://… or the path of the SQLite file" },
    { name: "user", value: "PATH", help: "path of the user's id in a session: userId, passport.user" },
    { name: "prefix", value: "TEXT", help: "connect-redis: prefix of its keys; default sess:" },
    {
      name: "table",
      value: "NAME",
      help: "its table: connect-pg-simple (default session), express-session-sqlite (sessions)",
    },
    { name: "dry-run", help: "count and change nothing" },
    JSON_OPTION,
  ],
  settings: STORE_SETTINGS,
  notes: `Stop the old application first, and start the new one when the import has finished: each imported session is deleted from the old
store. The new application then exchanges each old cookie once; see formerSessions of sessile/former-sessions in docs/migration.md.
Anonymous sessions stay in the old store. User and password of --source come from its URL, or from SESSILE_SOURCE_USERNAME and
SESSILE_SOURCE_PASSWORD.`,
  examples: [
    "sessile import --from connect-redis --source redis://127.0.0.1:6379 --user passport.user --store sqlite:sessile.db --dry-run",
    "sessile import --from express-session-sqlite --source sessions.db --user userId --store redis://127.0.0.1:6379/1",
  ],
  run(call) {
    const wish = wishOf(call); // checked first, since opening a store creates its file
    return withStore(call, ({ opened }) => run(call, wish, opened));
  },
};

interface Wish {
  readonly userPath: readonly string[];
  readonly isDry: boolean;
  readonly openSource: () => Promise<FormerStore> | FormerStore;
}

/** Throws `UsageError` for a missing or wrong option. */
function wishOf(call: Call): Wish {
  const kind = required(call, "from", KINDS);
  const source = required(call, "source", "redis://…, postgres://… or the path of the SQLite file");
  const user = required(call, "user", "the path of the user's id in a session, such as userId or passport.user");
  const open: Readonly<Record<string, Wish["openSource"]>> = {
    "connect-redis": () => openConnectRedis(source, optional(call, "prefix") ?? "sess:", call.env),
    "connect-pg-simple": () => openConnectPg(source, optional(call, "table") ?? "session", call.env),
    "express-session-sqlite": () => openExpressSqlite(source, optional(call, "table") ?? "sessions"),
  };
  const openSource = Object.hasOwn(open, kind) ? open[kind] : undefined;
  if (openSource === undefined) throw new UsageError(`--from must be ${KINDS}; got "${kind}".`);
  return { userPath: user.split("."), isDry: call.given["dry-run"] === true, openSource };
}

async function run(
  call: Call,
  { userPath, isDry, openSource }: Wish,
  { store, name }: { store: Parameters<typeof importSessions>[0]["to"]; name: string },
): Promise<ExitCode> {
  const objection = await objectionTo(store, name);
  if (objection !== null) throw new UsageError(objection); // imported sessions are deleted from their source
  const from = await openSource();
  const progress = new Progress(call.output.stderr, "Importing", null);
  try {
    const counts = await importSessions({ from, to: store, userPath, isDry, progress: progress.update });
    tell(call, counts, name, isDry);
    return EXIT.done;
  } finally {
    from.close();
  }
}

function tell({ output }: Call, counts: Counts, name: string, isDry: boolean): void {
  if (output.isJson) {
    output.json({ to: name, dry_run: isDry, ...counts });
    return;
  }
  const { imported, anonymous, expired, unreadable } = counts;
  output.line(`${isDry ? "Would import" : "Imported"} ${counted(imported, "session")} into ${name}.`);
  output.line(`Left: ${count(anonymous)} anonymous, ${count(expired)} expired, ${count(unreadable)} unreadable.`);
}
