// The program of the writer thread, as text: a bundler that makes one file of an application keeps text, and would not
// find another file. CommonJS, because the text of a worker must be. One connection, one transaction at a time; it
// waits for locks and disks so that the event loop need not.

export const THREAD_PROGRAM = `"use strict";
const { statSync } = require("node:fs");
const { parentPort, workerData } = require("node:worker_threads");
// The warning of Node.js 22 that node:sqlite is experimental has been printed by the calling thread already.
process.removeAllListeners("warning");
const { DatabaseSync } = process.getBuiltinModule("node:sqlite");
const { path, files, identity, exchanged, pragmas, sql } = workerData;

let database = null;
let statements = {};

/** A message is the JSON text of a list of steps, or null: the end. */
parentPort.on("message", (message) => {
  if (message === null) close();
  else parentPort.postMessage(JSON.stringify(attempt(JSON.parse(message))));
});

function attempt(steps) {
  let isBegun = false;
  let found;
  try {
    open();
    database.exec("BEGIN IMMEDIATE");
    isBegun = true;
    found = steps.map(([name, ...parameters]) => firstColumn(statements[name].all(...parameters)));
    database.exec("COMMIT");
    checkFile();
    if (steps.some(([name]) => name === "deleteByUser")) emptyLog();
    return { status: "done", found };
  } catch (error) {
    // By its message too, because Deno gives no code.
    const isBusy = (error.errcode & 0xff) === 5 || error.message === "database is locked";
    // The state of the connection is unknown: the next transaction gets a new one.
    if (isBegun || !isBusy) disconnect();
    if (isBusy) return { status: "busy" };
    const failure = { message: error.message, code: error.errcode || error.code };
    return { status: "failed", error: failure, isUndone: isBegun && found === undefined };
  }
}

/**
 * Checks before, because SQLite would make a new file, and after, because the file may have been exchanged meanwhile.
 */
function open() {
  if (database !== null) return;
  checkFile();
  const opened = new DatabaseSync(path);
  try {
    for (const [name, value] of pragmas) opened.exec("PRAGMA " + name + " = " + value);
    checkFile();
    statements = Object.fromEntries(Object.entries(sql).map(([name, text]) => [name, opened.prepare(text)]));
    database = opened;
  } finally {
    if (database === null) opened.close();
  }
}

function checkFile() {
  const found = files.map((file) => statSync(file, { bigint: true, throwIfNoEntry: false }));
  if (found.map((file) => file?.dev + ":" + file?.ino).join(" ") !== identity) throw new Error(exchanged);
}

function firstColumn(rows) {
  return rows.map((row) => String(Object.values(row)[0]));
}

/**
 * Moves the log into the file, so that no trace of a deleted session stays in it. Other connections may prevent that.
 */
function emptyLog() {
  try {
    database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  } catch {}
}

function disconnect() {
  try {
    database?.close();
  } catch {}
  database = null;
}

function close() {
  try {
    open();
    emptyLog();
  } catch {}
  disconnect();
  parentPort.postMessage(null);
}
`;
