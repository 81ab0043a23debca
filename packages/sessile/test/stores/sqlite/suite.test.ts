// The shared suite: two connections, two processes, and databases that the application opened.

import { sqliteStore } from "sessile/sqlite";
import { storeSuite } from "sessile/testing";
import { forkStore } from "../../support/store-process.ts";
import { newPath, openRaw, openTuned, type RawDatabase, unable } from "./raw.ts";

function damage(database: RawDatabase): (sid: string) => Promise<void> {
  return async (sid) => void database.prepare("UPDATE sessile_sessions SET rotation = '[' WHERE sid = ?").run(sid);
}

if (!unable) {
  storeSuite("sqlite, two connections to one file", async () => {
    const path = newPath();
    const stores = [sqliteStore({ path }), sqliteStore({ path })] as const;
    const raw = openRaw(path);
    return {
      stores,
      corrupt: damage(raw),
      close: async () => {
        raw.close();
        for (const store of stores) await store.close();
      },
    };
  });

  storeSuite("sqlite, two processes on one file", async () => {
    const path = newPath();
    const remotes = [await forkStore({ path }), await forkStore({ path })] as const;
    const raw = openRaw(path);
    return {
      stores: [remotes[0].store, remotes[1].store],
      corrupt: damage(raw),
      close: async () => {
        raw.close();
        for (const remote of remotes) await remote.end();
      },
    };
  });

  storeSuite("sqlite, two handles on one file", async () => {
    const path = newPath();
    const databases = [openTuned(path), openTuned(path)] as const;
    return { stores: storesOn(databases), corrupt: damage(databases[1]), close: async () => closeAll(databases) };
  });

  storeSuite("sqlite, two stores on one handle in memory", async () => {
    const database = openRaw(":memory:");
    return { stores: storesOn([database, database]), corrupt: damage(database), close: async () => database.close() };
  });

  storeSuite("sqlite, handles with a rollback journal", async () => {
    const path = newPath();
    const databases = [openRaw(path), openRaw(path)] as const;
    return { stores: storesOn(databases), corrupt: damage(databases[1]), close: async () => closeAll(databases) };
  });
}

function storesOn([a, b]: readonly [RawDatabase, RawDatabase]) {
  return [sqliteStore({ database: a }), sqliteStore({ database: b })] as const;
}

function closeAll(databases: readonly RawDatabase[]): void {
  for (const database of databases) database.close();
}
