// The endings: users whose sessions are to end, in the file of users, once for each session store whose servers use the
// file.
//
// Two servers with different stores may share their users. An ending that the first of them removed would leave the
// sessions in the other store, so each store has a row of its own, and a row waits for a server of its store.

import type { SqliteDatabase } from "sessile/sqlite";
import { firstRow, Rows } from "./query.ts";

/** A user whose sessions in one store are to end, for a reason that the file already holds. */
export interface Ending {
  readonly id: number;
  readonly userId: number;
}

/** The entry of a session store in the file of users. */
export interface StoreEntry {
  /** Identifies the store, and is shown to operators. */
  readonly name: string;
  /** The longest session that its servers allow, in milliseconds. */
  readonly lifetime: number;
}

/** A store's own ending, which other processes with that store leave alone until `dueAt`. */
export interface OwnEnding {
  readonly store: string;
  readonly dueAt: number;
}

/** The store of an ending that was written before any server used the file: the first store that comes. */
const ANY_STORE = "";
const AT_ONCE = 0;
/** A store unseen for this number of lifetimes holds no session any more. */
const LIFETIMES = 2;

const SQL = {
  add: `INSERT INTO sessile_endings (user_id, due_at, store)
    SELECT ?, CASE name WHEN ? THEN ? ELSE ${AT_ONCE} END, name FROM sessile_stores`,
  addForAny: "INSERT INTO sessile_endings (user_id, due_at, store) VALUES (?, ?, ?)",
  lastOf: "SELECT max(id) AS id FROM sessile_endings WHERE user_id = ? AND store = ?",
  due: "SELECT id, user_id AS userId FROM sessile_endings WHERE store = ? AND due_at <= ? ORDER BY id",
  storesOf: "SELECT DISTINCT store FROM sessile_endings WHERE user_id = ? ORDER BY store",
  finish: "DELETE FROM sessile_endings WHERE id = ?",
  isKnown: "SELECT 1 FROM sessile_stores WHERE name = ?",
  inherit: `INSERT INTO sessile_endings (user_id, due_at, store) SELECT DISTINCT user_id, ${AT_ONCE}, ? FROM sessile_endings`,
  see: `INSERT INTO sessile_stores (name, seen_at, lifetime) VALUES (?, ?, ?)
    ON CONFLICT (name) DO UPDATE SET seen_at = excluded.seen_at, lifetime = max(lifetime, excluded.lifetime)`,
  forget: "DELETE FROM sessile_stores WHERE name = ?",
  forgetOld: `DELETE FROM sessile_stores WHERE seen_at + ${LIFETIMES} * lifetime < ?`,
  dropForgotten: "DELETE FROM sessile_endings WHERE store NOT IN (SELECT name FROM sessile_stores)",
} as const;

export class Endings extends Rows<typeof SQL> {
  constructor(file: SqliteDatabase, clock: () => number) {
    super(file, SQL, clock);
  }

  /** Call it in the transaction of the reason. */
  add(userId: number, own: OwnEnding = { store: ANY_STORE, dueAt: AT_ONCE }): Ending {
    const { changes } = this.sql.add.run(userId, own.store, own.dueAt);
    if (Number(changes) === 0) this.sql.addForAny.run(userId, own.dueAt, ANY_STORE);
    const { id } = firstRow<{ id: number | null }>(this.sql.lastOf, userId, own.store) ?? {};
    return { id: id ?? 0, userId };
  }

  /** The due endings of a store, oldest first. */
  due(store: string): Ending[] {
    return this.sql.due.all(store, this.clock()) as Ending[];
  }

  /** The stores in which the user's sessions are still to end; one without a name stands for the first that is used. */
  storesOf(userId: number): string[] {
    return (this.sql.storesOf.all(userId) as { store: string }[]).map(({ store }) => store);
  }

  finish({ id }: Ending): void {
    this.sql.finish.run(id);
  }

  /**
   * Records that a store is in use. A store that is new to the file receives every ending that waits anywhere, since it
   * may be a known store under another name. Stores that were unused for longer than any session lives are forgotten.
   */
  see({ name, lifetime }: StoreEntry): void {
    this.transaction(() => {
      if (firstRow(this.sql.isKnown, name) === undefined) this.sql.inherit.run(name);
      this.sql.see.run(name, this.clock(), lifetime);
      this.sql.forgetOld.run(this.clock());
      this.sql.dropForgotten.run();
    });
  }

  /** Removes a store that is gone, with every session in it. */
  forget(name: string): void {
    this.transaction(() => {
      this.sql.forget.run(name);
      this.sql.dropForgotten.run();
    });
  }
}
