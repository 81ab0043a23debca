// The users in their file: who there is, with which password hash, and whose sessions are to be ended. Hashes nothing.

import { randomInt } from "node:crypto";
import type { SqliteDatabase } from "sessile/sqlite";
import { type Ending, Endings, type OwnEnding } from "./endings.ts";
import { firstRow, prepareAll, type Statements, transaction } from "./query.ts";

export interface User {
  readonly id: number;
  /** As `normalizeName` gives it. */
  readonly name: string;
  /** A PHC string. */
  readonly password: string;
  readonly isDisabled: boolean;
  /** Whether the user may use the admin page. */
  readonly isAdmin: boolean;
  readonly createdAt: number;
  /**
   * Since when it is the same password, the user enabled, and an administrator if one: who signed in before is signed in no more. Grows
   * with every change, whatever the clock does: so it also tells one password from the next.
   */
  readonly passwordChangedAt: number;
}

const COLUMNS = `id, name, password, disabled, id IN (SELECT user_id FROM sessile_admins) AS admin,
  created_at AS createdAt, password_changed_at AS passwordChangedAt`;

const SQL = {
  byName: `SELECT ${COLUMNS} FROM sessile_users WHERE name = ?`,
  byId: `SELECT ${COLUMNS} FROM sessile_users WHERE id = ?`,
  all: `SELECT ${COLUMNS} FROM sessile_users ORDER BY name`,
  add: "INSERT INTO sessile_users (id, name, password, created_at, password_changed_at) VALUES (?, ?, ?, ?, ?)",
  changePassword: `UPDATE sessile_users SET password = ?, password_changed_at = max(?, password_changed_at + 1)
    WHERE id = ? AND password_changed_at = ? AND disabled = ?`,
  outdate: "UPDATE sessile_users SET password_changed_at = max(?, password_changed_at + 1) WHERE id = ?",
  rehash: "UPDATE sessile_users SET password = ? WHERE id = ? AND password = ?",
  setDisabled: "UPDATE sessile_users SET disabled = ? WHERE id = ?",
  grant: "INSERT OR IGNORE INTO sessile_admins (user_id) VALUES (?)",
  withdraw: "DELETE FROM sessile_admins WHERE user_id = ?",
  remove: "DELETE FROM sessile_users WHERE id = ?",
} as const;

export class UserStore {
  readonly #file: SqliteDatabase;
  readonly #clock: () => number;
  readonly #sql: Statements<typeof SQL>;
  /** Written by the changes below. */
  readonly endings: Endings;

  constructor(file: SqliteDatabase, clock: () => number = Date.now) {
    this.#file = file;
    this.#clock = clock;
    this.#sql = prepareAll(file, SQL);
    this.endings = new Endings(file, clock);
  }

  find(name: string): User | null {
    return toUser(firstRow(this.#sql.byName, name));
  }

  byId(id: number): User | null {
    return Number.isSafeInteger(id) ? toUser(firstRow(this.#sql.byId, id)) : null;
  }

  list(): User[] {
    return (this.#sql.all.all() as Row[]).map((row) => toUser(row) as User);
  }

  /**
   * Adds a user; false when the name is taken. The id is drawn at random: counted up, it would come back in a new file or after
   * a removal, and the sessions of the user who had it before would be the new user's.
   */
  add(name: string, password: string): boolean {
    return transaction(this.#file, () => {
      if (this.find(name) !== null) return false;
      const now = this.#clock();
      this.#sql.add.run(randomInt(2, 2 ** 48), name, password, now, now);
      return true;
    });
  }

  /**
   * Sets the password and writes down that the user's sessions are to be ended, in one step: a crash after it leaves a note that
   * the next one finishes. `null` when the user changed or was disabled since `user` was read. The ending that comes back is that of
   * `own`, which the caller carries out.
   */
  changePassword(user: User, password: string, own?: OwnEnding): { user: User; ending: Ending } | null {
    const { id, passwordChangedAt, isDisabled } = user;
    return transaction(this.#file, () => {
      const state = [id, passwordChangedAt, Number(isDisabled)];
      const { changes } = this.#sql.changePassword.run(password, this.#clock(), ...state);
      if (Number(changes) === 0) return null;
      return { user: this.byId(id) as User, ending: this.endings.add(id, own) };
    });
  }

  /** Replaces a hash by another one of the same password, unless it has changed meanwhile. */
  rehash(user: User, password: string): void {
    this.#sql.rehash.run(password, user.id, user.password);
  }

  /** A disabled user cannot sign in, and the sessions are to be ended; also the one on the admin page, which nobody else ends. */
  disable({ id }: User): void {
    transaction(this.#file, () => {
      this.#sql.setDisabled.run(1, id);
      this.#sql.outdate.run(this.#clock(), id);
      this.endings.add(id);
    });
  }

  enable({ id }: User): void {
    this.#sql.setDisabled.run(0, id);
  }

  /** Lets the user use the admin page, or no more: then what was begun there is over, also when the right is given back. */
  setAdmin({ id }: User, isAdmin: boolean): void {
    transaction(this.#file, () => {
      (isAdmin ? this.#sql.grant : this.#sql.withdraw).run(id);
      if (!isAdmin) this.#sql.outdate.run(this.#clock(), id);
    });
  }

  /** The sessions are to be ended, and the name is free again. */
  remove({ id }: User): void {
    transaction(this.#file, () => {
      this.#sql.remove.run(id);
      this.endings.add(id);
    });
  }

  /**
   * Whether the user may still be signed in with the password that `user` was read with. Asked after a session was made:
   * whoever disables the user later also ends that session, and whoever did so before is seen here.
   */
  isCurrent(user: User): boolean {
    const now = this.byId(user.id);
    return now !== null && !now.isDisabled && now.passwordChangedAt === user.passwordChangedAt;
  }
}

type Row = Omit<User, "isDisabled" | "isAdmin"> & { readonly disabled: number; readonly admin: number };

function toUser(row: Row | undefined): User | null {
  if (row === undefined) return null;
  const { disabled, admin, ...user } = row;
  return { ...user, isDisabled: disabled !== 0, isAdmin: admin !== 0 };
}
