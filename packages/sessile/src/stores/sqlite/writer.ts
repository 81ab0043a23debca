// The writer thread: one connection, one transaction at a time. Waits for locks and disks so that the event loop need not.

import { parentPort, workerData } from "node:worker_threads";
import { openAgain } from "./connection.ts";
import { failed, GroupCommit, type Outcome } from "./group-commit.ts";
import { type Operation, touchedBy } from "./operations.ts";
import { firstRow, type OwnDatabase, type SqliteStatement } from "./port.ts";
import type { ConnectionSettings } from "./settings.ts";
import type { Span } from "./unchanged.ts";
import { headerOf } from "./wal-index.ts";

/** What the thread is started with. */
export interface WriterData {
  readonly path: string;
  readonly settings: ConnectionSettings;
  /** Where the header of the log's index can be read. */
  readonly index: number | null;
}

/** What the thread answers, as a JSON text. */
export interface Reply {
  readonly outcomes: Outcome[];
  /** `null` when more than one transaction ran, one failed, or others committed meanwhile. */
  readonly span: Span | null;
}

interface Connection {
  readonly database: OwnDatabase;
  readonly groups: GroupCommit;
  /** Gives another number once another connection has committed. */
  readonly dataVersion: SqliteStatement;
}

const { path, settings, index } = workerData as WriterData;

let connection: Connection | null = null;

/** A message is the JSON text of a list of operations, or `null`: the end. */
parentPort?.on("message", (message: string | null) => {
  if (message === null) close();
  else parentPort?.postMessage(JSON.stringify(answer(JSON.parse(message) as Operation[])));
});

function answer(operations: Operation[]): Reply {
  try {
    const reply = attempt(open(), operations);
    if (reply.outcomes.some(({ status }) => status === "failed")) disconnect();
    else if (operations.some(({ kind }) => kind === "deleteByUser")) emptyLog();
    return reply;
  } catch (error) {
    disconnect();
    return { outcomes: operations.map(() => failed(error)), span: null };
  }
}

function attempt({ groups, dataVersion }: Connection, operations: Operation[]): Reply {
  if (index === null) return { outcomes: groups.attempt(operations), span: null };
  const begun: (readonly [header: string | null, version: unknown])[] = [];
  const outcomes = groups.attempt(operations, () => begun.push([headerOf(index), firstRow(dataVersion)?.data_version]));
  const after = headerOf(index);
  const [[before, version] = []] = begun;
  // Whoever commits next is noticed either here or by a header other than `after`.
  const isAlone = begun.length === 1 && firstRow(dataVersion)?.data_version === version;
  if (!isAlone || !before || !after) return { outcomes, span: null };
  return { outcomes, span: spanOf(operations, outcomes, before, after) };
}

function spanOf(operations: Operation[], outcomes: Outcome[], before: string, after: string): Span | null {
  const touched: string[] = [];
  for (const [place, operation] of operations.entries()) {
    const outcome = outcomes[place];
    if (outcome?.status !== "done") return null;
    touched.push(...touchedBy(operation, outcome.value));
  }
  return { before, after, touched };
}

function open(): Connection {
  if (connection !== null) return connection;
  const database = openAgain(path, settings);
  const dataVersion = database.prepare("PRAGMA data_version");
  connection = { database, groups: new GroupCommit(database), dataVersion };
  return connection;
}

/** After a transaction that failed nobody knows what state the connection is in; the next one starts on a fresh one. */
function disconnect(): void {
  try {
    connection?.database.close();
  } catch {}
  connection = null;
}

/** Moves the log into the file, so that nothing of a deleted session stays behind in it. Other connections may prevent that. */
function emptyLog(): void {
  try {
    open().database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  } catch {}
}

function close(): void {
  emptyLog();
  disconnect();
  parentPort?.close();
}
