// The pragmas, read back from real connections and from engines that do not keep them; and the engines to warn of.

import assert from "node:assert/strict";
import { once } from "node:events";
import { describe, test } from "node:test";
import type { SqliteDatabase } from "sessile/sqlite";
import { FileIdentity, openFile } from "#dist/stores/sqlite/database-file.js";
import { applyPragmas, checkEngine, isSound, pragmas } from "#dist/stores/sqlite/pragmas.js";
import { ThreadWriter } from "#dist/stores/sqlite/thread-writer.js";
import { newPath, openRaw, pick, unable } from "./raw.ts";

const EXPECTED = {
  journal_mode: "wal",
  synchronous: 2,
  wal_autocheckpoint: 4000,
  journal_size_limit: 67_108_864,
  trusted_schema: 0,
  foreign_keys: 1,
  cell_size_check: 1,
  mmap_size: 0,
  secure_delete: 1,
};

describe("the settings of a sqlite connection", { skip: unable }, () => {
  test("P9: the reading and the writing connection have every setting", async () => {
    const path = newPath();
    const reading = openFile(path, pragmas("FULL", 2), 1000, (database) => database);
    assert.deepEqual(readBack(reading), { ...EXPECTED, busy_timeout: 2 });
    assert.deepEqual(await readInThread(path), textsOf({ ...EXPECTED, busy_timeout: 50 }));
    reading.close();
  });

  test("P9: synchronous NORMAL is set where it is asked for", () => {
    const database = openFile(newPath(), pragmas("NORMAL", 2), 1000, (opened) => opened);
    assert.equal(pick(database, "PRAGMA synchronous"), 1);
    database.close();
  });

  test("P9: an engine that does not keep a setting is refused by its name", () => {
    for (const deaf of ["journal_mode", "synchronous", "secure_delete", "busy_timeout"]) {
      const raw = openRaw(newPath());
      const database: SqliteDatabase = {
        prepare: (sql) => raw.prepare(sql),
        exec: (sql) => sql.includes(deaf) || raw.exec(sql),
      };
      const message = new RegExp(`PRAGMA ${deaf} = `);
      assert.throws(() => applyPragmas(database, pragmas("NORMAL", 5)), { code: "ERR_SESSION_STORE", message });
      raw.close();
    }
  });
});

test("O5: engines with the WAL-reset fault are known", () => {
  for (const version of ["3.7.0", "3.40.1", "3.44.5", "3.45.1", "3.50.6", "3.51.2", "3.52.0"])
    assert.equal(isSound(version), false, version);
  for (const version of ["3.44.6", "3.50.7", "3.51.3", "3.52.1", "3.53.4", "3.54.1", "4.0.0"])
    assert.equal(isSound(version), true, version);
});

test("O5: an engine with the fault is warned of once, with what to do", async () => {
  const warnings: (Error & { code?: string })[] = [];
  const listener = (warning: Error): number => warnings.push(warning);
  process.on("warning", listener);
  const first = once(process, "warning");
  for (const version of ["3.51.2", "3.51.2", "3.53.4"]) checkEngine(version);
  await first;
  process.off("warning", listener);
  const ours = warnings.filter(({ code }) => code === "SESSILE_SQLITE_ENGINE");
  assert.equal(ours.length, 1);
  assert.match(String(ours[0]?.message), /SQLite 3\.51\.2 .* Use an engine from 3\.51\.3 on/);
});

/** The settings of the writer thread's connection, for which each of them is a statement. */
async function readInThread(path: string): Promise<Record<string, unknown>> {
  const sql = Object.fromEntries(NAMES.map((name) => [name, `PRAGMA ${name}`]));
  const database = openRaw(path);
  const writer = new ThreadWriter(new FileIdentity(path, [], database), pragmas("FULL", 50), sql);
  const attempt = await writer.attempt(NAMES.map((name) => [name] as never));
  await writer.close();
  database.close();
  const found = attempt.status === "done" ? attempt.found : [];
  return Object.fromEntries(NAMES.map((name, at) => [name, found[at]?.[0]]));
}

function textsOf(values: object): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, String(value)]));
}

const NAMES = [...Object.keys(EXPECTED), "busy_timeout"];

function readBack(database: SqliteDatabase): Record<string, unknown> {
  return Object.fromEntries(NAMES.map((name) => [name, pick(database, `PRAGMA ${name}`)]));
}
