// The program of the writer thread, as text: a bundler that makes one file of an application keeps text, and would not
// find another file. CommonJS, because the text of a worker must be. One connection, one transaction at a time; it
// waits for locks and disks so that the event loop need not.

export const THREAD_PROGRAM = `"use strict";
const { closeSync, fstatSync, openSync, readSync, statSync } = require("node:fs");
const { parentPort, workerData } = require("node:worker_threads");
// The warning of Node.js 22 that node:sqlite is experimental has been printed by the calling thread already.
process.removeAllListeners("warning");
const { DatabaseSync } = process.getBuiltinModule("node:sqlite");
const { path, files, identity, exchanged, emptied, log, truncated, pragmas, sql } = workerData;

let database = null;
let statements = {};
let seen = workerData.seen;

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
    checkLog();
    database.exec("BEGIN IMMEDIATE");
    isBegun = true;
    found = steps.map(execute);
    database.exec("COMMIT");
    checkFile();
    checkLog();
    if (steps.some(([name]) => name === "deleteByUser")) emptyLog();
    return { status: "done", found };
  } catch (error) {
    // By its message too, because Deno gives no code.
    const isBusy = (error.errcode & 0xff) === 5 || error.message === "database is locked";
    // The state of the connection is unknown: the next transaction gets a new one. That could not read a truncated log.
    if (error.message !== truncated && (isBegun || !isBusy)) disconnect();
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
  if (found[0].size === 0n) throw new Error(emptied);
}

/** As in FileIdentity. */
function checkLog() {
  const now = readLog();
  const isLost =
    now.header === ""
      ? framesInLog() > 0 && readLog().header === ""
      : now.header === seen.header
        ? now.size < seen.size
        : !/^377f068[23]/.test(now.header);
  if (isLost) {
    checkFile();
    throw new Error(truncated);
  }
  seen = now;
}

function readLog() {
  let file;
  try {
    file = openSync(log, "r");
  } catch {
    return { size: 0, header: "" };
  }
  try {
    const { size } = fstatSync(file);
    const header = Buffer.alloc(32);
    const isWhole = readSync(file, header, 0, 32, 0) === 32 && size >= 32;
    return { size, header: isWhole ? header.toString("hex") : "" };
  } finally {
    closeSync(file);
  }
}

function framesInLog() {
  try {
    return Object.values(database.prepare("PRAGMA main.wal_checkpoint").get())[1];
  } catch {
    return Infinity;
  }
}

/** As in statements.ts. */
function execute([name, ...parameters]) {
  if (name !== "touch") return statements[name].all(...parameters).map((row) => String(Object.values(row)[0]));
  return Array(Number(statements[name].run(...parameters).changes)).fill("");
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
    checkLog();
    emptyLog();
  } catch {}
  disconnect();
  parentPort.postMessage(null);
}
`;
