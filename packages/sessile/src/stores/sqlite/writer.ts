// The writer thread: one connection, one transaction at a time. Waits for locks and disks so that the event loop need not.

import { parentPort, workerData } from "node:worker_threads";
import { openAgain } from "./connection.ts";
import { failed, GroupCommit, type Outcome } from "./group-commit.ts";
import type { Operation } from "./operations.ts";
import type { OwnDatabase } from "./port.ts";
import type { ConnectionSettings } from "./settings.ts";

/** What the thread is started with. */
export interface WriterData {
  readonly path: string;
  readonly settings: ConnectionSettings;
}

interface Connection {
  readonly database: OwnDatabase;
  readonly groups: GroupCommit;
}

let connection: Connection | null = null;

/** A message is the JSON text of a list of operations, or `null`: the end. */
parentPort?.on("message", (message: string | null) => {
  if (message === null) close();
  else parentPort?.postMessage(JSON.stringify(attempt(JSON.parse(message) as Operation[])));
});

function attempt(operations: readonly Operation[]): Outcome[] {
  try {
    const outcomes = open().groups.attempt(operations);
    if (outcomes.some(({ status }) => status === "failed")) disconnect();
    else if (operations.some(({ kind }) => kind === "deleteByUser")) emptyLog();
    return outcomes;
  } catch (error) {
    disconnect();
    return operations.map(() => failed(error));
  }
}

function open(): Connection {
  if (connection !== null) return connection;
  const { path, settings } = workerData as WriterData;
  const database = openAgain(path, settings);
  connection = { database, groups: new GroupCommit(database) };
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
