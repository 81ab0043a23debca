// The writer thread's program, as text: a bundler that makes one file of an application leaves text as it is, and could
// not find another file. CommonJS, as the text of a worker has to be. One connection, one transaction at a time; it
// waits for locks and disks so that the event loop need not. Knows no session.

export const WRITER_PROGRAM = `"use strict";
const { statSync } = require("node:fs");
const { parentPort, workerData } = require("node:worker_threads");
// Node.js 22 calls node:sqlite experimental, and has said so on the calling thread already.
process.removeAllListeners("warning");
const { DatabaseSync } = process.getBuiltinModule("node:sqlite");
const { path, files, identity, exchanged, pragmas, sql } = workerData;

let database = null;
let prepared = new Map();

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
    found = steps.map(([name, ...parameters]) => firstColumn(statement(name).all(...parameters)));
    database.exec("COMMIT");
    checkFile();
    if (steps.some(([name]) => name === "deleteByUser")) emptyLog();
    return { status: "done", found };
  } catch (error) {
    // By its words, because Deno gives no code.
    const isBusy = (error.errcode & 0xff) === 5 || error.message === "database is locked";
    // A connection in a state that is not known: the next transaction gets a fresh one.
    if (isBegun || !isBusy) disconnect();
    if (isBusy) return { status: "busy" };
    const failure = { message: error.message, code: error.errcode || error.code };
    return { status: "failed", failure, isUndone: isBegun && found === undefined };
  }
}

/** Looks before, because SQLite would make a new file, and after, because the file may have been exchanged in between. */
function open() {
  if (database !== null) return;
  checkFile();
  const opened = new DatabaseSync(path);
  try {
    for (const [name, value] of pragmas) opened.exec("PRAGMA " + name + " = " + value);
    checkFile();
    database = opened;
  } finally {
    if (database === null) opened.close();
  }
}

function checkFile() {
  const found = files.map((file) => statSync(file, { bigint: true, throwIfNoEntry: false }));
  if (found.map((file) => file?.dev + ":" + file?.ino).join(" ") !== identity) throw new Error(exchanged);
}

function statement(name) {
  if (!prepared.has(name)) prepared.set(name, database.prepare(sql[name]));
  return prepared.get(name);
}

function firstColumn(rows) {
  return rows.map((row) => String(Object.values(row)[0]));
}

/**
 * Moves the log into the file, so that nothing of a deleted session stays behind in it. Other connections may prevent
 * that.
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
  prepared = new Map();
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
