// The tables, functions and statements of the store, as SQL.

import { createHash } from "node:crypto";
import type { Sql } from "./link.ts";

/** The version of the schema that this release reads and writes. */
export const VERSION = 3;

/** The names of a table and of what lies beside it, quoted; `table` is `name` or `schema.name`. */
export class Names {
  readonly table: string;
  readonly create: string;
  readonly move: string;
  readonly deleteByUser: string;
  readonly version: string;
  /** The channel on which the ends of sessions are announced. */
  readonly channel: string;
  readonly bare: string;

  constructor(table: string) {
    const parts = table.split(".");
    const name = (suffix: string) => `${parts.map((part) => `"${part}`).join('".')}${suffix}"`;
    this.table = name("");
    this.create = name("_create");
    this.move = name("_move");
    this.deleteByUser = name("_delete_user");
    this.version = name("_version");
    this.channel = `${table.replace(".", "_")}_ended`;
    this.bare = parts.at(-1) as string;
  }
}

/**
 * Sign-ins and revocations of one user come one after the other. Both then go on with a snapshot that is younger than
 * the lock, which READ COMMITTED gives to every statement of a function, and no stricter level does.
 */
const lockUser = (names: Names) => `
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION 'the isolation level must be read committed' USING ERRCODE = '40001';
  END IF;
  PERFORM set_config('lock_timeout', p_wait, true);
  IF p_user IS NOT NULL THEN
    PERFORM pg_advisory_xact_lock('${names.table}'::regclass::oid::integer, hashtext(p_user));
  END IF;`;

const ANNOUNCE = "IF p_channel IS NOT NULL THEN PERFORM pg_notify(p_channel, sid) FROM unnest(ended) AS sid; END IF;";

/** The limit is reached for a session that is to be the user's, and its rule is to refuse it. */
const isFull = (table: string, now: string) => `p_user IS NOT NULL AND p_rule = 'refuse' AND p_max <= (
    SELECT count(*) FROM ${table} WHERE user_id = p_user AND expires_at > ${now}
  )`;

/** The user's oldest sessions that are too many beside the one of `p_sid`. */
const surplus = (table: string, now: string) => `ARRAY(
        SELECT sid FROM ${table} WHERE user_id = p_user AND expires_at > ${now} AND sid <> p_sid
        ORDER BY created_at DESC, sid DESC OFFSET p_max - 1
      )`;

const evict = (table: string, now: string) => `IF p_user IS NOT NULL AND p_rule = 'evictOldest' THEN
    WITH gone AS (
      DELETE FROM ${table} WHERE sid = ANY (${surplus(table, now)}) RETURNING sid, created_at
    ) SELECT coalesce(array_agg(sid ORDER BY created_at, sid), '{}') INTO ended FROM gone;
    ${ANNOUNCE}
  END IF;`;

/**
 * The statements that create the tables; the last one fails if they exist. Touches change only one indexed column,
 * `due`, the deadline rounded up, and rows leave them room: so most of them are HOT updates.
 */
export function schemaStatements(names: Names): readonly string[] {
  const { table, create, move, deleteByUser, version, bare } = names;
  return [
    `CREATE TABLE IF NOT EXISTS ${table} (
  sid text COLLATE "C" PRIMARY KEY,
  user_id text COLLATE "C",
  created_at bigint NOT NULL,
  expires_at bigint NOT NULL,
  due bigint NOT NULL,
  head text COLLATE "C" NOT NULL,
  data text COLLATE "C" NOT NULL
) WITH (fillfactor = 80)`,
    `CREATE INDEX IF NOT EXISTS "${bare}_by_user" ON ${table} (user_id, created_at, sid) WHERE user_id IS NOT NULL`,
    `CREATE INDEX IF NOT EXISTS "${bare}_by_due" ON ${table} (due)`,
    `CREATE OR REPLACE FUNCTION ${create}(p_sid text, p_user text, p_created bigint, p_expires bigint, p_due bigint,
  p_head text, p_data text, p_max integer, p_rule text, p_channel text, p_wait text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  ended text[] := '{}';
BEGIN${lockUser(names)}
  IF ${isFull(table, "p_created")} THEN
    RETURN CASE WHEN EXISTS (SELECT FROM ${table} WHERE sid = p_sid) THEN 'exists' ELSE 'refused' END;
  END IF;
  INSERT INTO ${table} VALUES (p_sid, p_user, p_created, p_expires, p_due, p_head, p_data) ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN
    RETURN 'exists';
  END IF;
  ${evict(table, "p_created")}
  RETURN 'created ' || array_to_string(ended, ' ');
END $$`,
    `CREATE OR REPLACE FUNCTION ${move}(p_sid text, p_mark text, p_head text, p_data text, p_expires bigint, p_due bigint,
  p_wait text, p_user text, p_created bigint, p_at bigint, p_max integer, p_rule text, p_channel text)
  RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  ended text[] := '{}';
BEGIN${lockUser(names)}
  -- All rows in one order: two sessions that change users with each other would otherwise wait for each other.
  PERFORM FROM ${table} WHERE sid = ANY (p_sid || CASE p_rule WHEN 'evictOldest' THEN ${surplus(table, "p_at")} END)
    ORDER BY sid FOR UPDATE;
  PERFORM FROM ${table} WHERE sid = p_sid AND head = p_mark;
  IF NOT FOUND THEN
    RETURN 'changed';
  END IF;
  IF ${isFull(table, "p_at")} THEN
    RETURN 'refused';
  END IF;
  UPDATE ${table} SET head = p_head, data = coalesce(p_data, data), expires_at = p_expires, due = p_due,
    user_id = p_user, created_at = p_created WHERE sid = p_sid;
  ${evict(table, "p_at")}
  RETURN 'written ' || array_to_string(ended, ' ');
END $$`,
    `CREATE OR REPLACE FUNCTION ${deleteByUser}(p_user text, p_except text, p_channel text, p_wait text)
  RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  ended text[];
BEGIN${lockUser(names)}
  WITH gone AS (
    DELETE FROM ${table} WHERE user_id = p_user AND sid IS DISTINCT FROM p_except RETURNING sid
  ) SELECT coalesce(array_agg(sid), '{}') INTO ended FROM gone;
  ${ANNOUNCE}
  RETURN array_to_string(ended, ' ');
END $$`,
    `CREATE FUNCTION ${version}() RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT ${VERSION}'`,
  ];
}

/** A replica may still show a session that was signed out, so every read asks where it is. */
const PLACE = "pg_is_in_recovery()::text";

/** The stored form of a record. */
const TEXT = "head || E'\\n' || data";

const LISTED = `json_agg(json_build_array(sid, created_at, ${TEXT}) ORDER BY created_at, sid)::text`;
const SCANNED = `json_agg(json_build_array(sid, created_at, ${TEXT}) ORDER BY sid)::text`;

/** A statement whose caller has given up must not be done much later, when another transaction ends. */
const wait = (parameter: string) => `set_config('lock_timeout', ${parameter}, true) IS NOT NULL`;

/** The commit does not wait for the disk: a crash may undo it. Evaluated once a statement. */
const UNFLUSHED = "(SELECT set_config('synchronous_commit', 'off', true)) = 'off'";

/** A list, as text with a value on each line. */
const lines = (parameter: string) => `string_to_array(${parameter}, E'\\n')`;

/** Each is about one table. */
export function statements({ table, create, move, deleteByUser, version }: Names) {
  const replace = `UPDATE ${table} SET head = $3, data = coalesce($4, data), expires_at = $5, due = $6
    WHERE sid = $1 AND head = $2 AND ${wait("$7")}`;
  return {
    probe: read(
      "look at the schema",
      `SELECT ${PLACE}, current_setting('server_encoding'), to_regproc('${version}')::text`,
    ),
    version: read("look at the schema", `SELECT ${version}()::text`),
    load: read("load a session", `SELECT ${PLACE}, (SELECT ${TEXT} FROM ${table} WHERE sid = $1)`),
    create: write("create a session", `SELECT ${create}($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`),
    withdraw: write("withdraw a session", `DELETE FROM ${table} WHERE sid = $1 AND head = $2`),
    replace: write("commit a change", `${replace} RETURNING sid`),
    /** The same, for a session that becomes another user's, within the limit. */
    move: write("commit a change", `SELECT ${move}($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`),
    touch: write("touch a session", `${replace} AND ${UNFLUSHED} RETURNING sid`),
    /**
     * The same for several, each a line of every parameter. It leaves out the rows that others have locked: so it waits
     * for none, and no order of locks can bring it to a deadlock.
     */
    touchAll: write(
      "touch sessions",
      `WITH used AS (SELECT * FROM unnest(${["$1", "$2", "$3"].map(lines).join(", ")},
         ${["$4", "$5"].map((list) => `${lines(list)}::bigint[]`).join(", ")}) AS used (sid, mark, head, expires_at, due)),
       free AS MATERIALIZED (SELECT sid FROM ${table} WHERE sid = ANY (${lines("$1")})
         FOR NO KEY UPDATE SKIP LOCKED)
       UPDATE ${table} AS t SET head = used.head, expires_at = used.expires_at, due = used.due
       FROM used JOIN free USING (sid) WHERE t.sid = used.sid AND t.head = used.mark
         AND ${UNFLUSHED} RETURNING t.sid`,
    ),
    delete: write(
      "delete a session",
      `WITH gone AS (DELETE FROM ${table} WHERE sid = $1 AND ${wait("$3")} RETURNING sid)
       SELECT sid, CASE WHEN $2::text IS NOT NULL THEN pg_notify($2, sid)::text END FROM gone`,
    ),
    list: read(
      "list the sessions of a user",
      `SELECT ${PLACE}, (SELECT ${LISTED} FROM (SELECT * FROM ${table}
       WHERE user_id = $1 AND (created_at, sid) > ($2, $3) ORDER BY created_at, sid LIMIT $4) AS page)`,
    ),
    scan: read(
      "list all sessions",
      `SELECT ${PLACE}, (SELECT ${SCANNED} FROM (SELECT * FROM ${table} WHERE sid > $1 ORDER BY sid LIMIT $2) AS page)`,
    ),
    deleteByUser: write("delete the sessions of a user", `SELECT ${deleteByUser}($1, $2, $3, $4)`),
    /**
     * Begins at `$3`, where the last statement ended, or each would read over the index entries of all rows that are
     * gone. Rows that others have locked are left to them. A crash may bring some back, as expired as before. As `IN
     * (subquery)`, the planner may run it again beyond the limit.
     */
    deleteExpired: write(
      "delete expired sessions",
      `DELETE FROM ${table} WHERE ctid = ANY (ARRAY(SELECT ctid FROM ${table}
         WHERE due BETWEEN $3 AND $1 AND expires_at <= $1 ORDER BY due LIMIT $2 FOR UPDATE SKIP LOCKED))
         AND ${UNFLUSHED} RETURNING sid, due::text`,
    ),
    announce: write("announce an end", "SELECT pg_notify($1, $2)::text"),
    count: read(
      "count its sessions",
      `SELECT ${PLACE}, (SELECT count(*) FROM (SELECT FROM ${table} LIMIT 1001) AS part)::text,
         (SELECT reltuples::bigint FROM pg_class WHERE oid = '${table}'::regclass)::text`,
    ),
  };
}

export type Statements = ReturnType<typeof statements>;

function read(doing: string, text: string): Sql {
  return { ...write(doing, text), isRead: true };
}

/** The name of a prepared statement stands for its text alone: two stores may share a connection. */
function write(doing: string, text: string): Sql {
  const name = `sessile_${createHash("sha256").update(text).digest("hex").slice(0, 16)}`;
  return { doing, name, text, isRead: false };
}
