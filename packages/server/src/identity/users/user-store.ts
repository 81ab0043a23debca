// The users in their file: names, password hashes, rights, and changes that end sessions. Computes no hash.

import { randomInt } from "node:crypto";
import type { SqliteDatabase } from "sessile/sqlite";
import { type Ending, Endings, type OwnEnding } from "./endings.ts";
import { firstRow, Rows } from "./query.ts";

export interface User {
  readonly id: number;
  /** A result of `normalizeName`. */
  readonly name: string;
  /** A PHC string. */
  readonly password: string;
  readonly isDisabled: boolean;
  /** Whether the user may use the admin page. */
  readonly isAdmin: boolean;
  readonly createdAt: number;
  /**
   * Sessions from before this time are no longer valid: since then it is the same password, the user is enabled, and an
   * administrator if one. Grows with every change, whatever the clock does, so that it also distinguishes passwords.
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

export class UserStore extends Rows<typeof SQL> {
  /** Written by the changes below. */
  readonly endings: Endings;

  constructor(file: SqliteDatabase, clock: () => number = Date.now) {
    super(file, SQL, clock);
    this.endings = new Endings(file, clock);
  }

  find(name: string): User | null {
    return toUser(firstRow(this.sql.byName, name));
  }

  byId(id: number): User | null {
    return Number.isSafeInteger(id) ? toUser(firstRow(this.sql.byId, id)) : null;
  }

  list(): User[] {
    return (this.sql.all.all() as Row[]).map((row) => toUser(row) as User);
  }

  /**
   * Adds a user; false when the name is taken. The id is random: a counter would give it out again in a new file or
   * after a removal, and the sessions of the previous user would belong to the new one.
   */
  add(name: string, password: string): boolean {
    return this.transaction(() => {
      if (this.find(name) !== null) return false;
      const now = this.clock();
      this.sql.add.run(randomInt(2, 2 ** 48), name, password, now, now);
      return true;
    });
  }

  /**
   * Sets the password and records the ending of the user's sessions in one transaction, so that it survives a crash.
   * `null` when the user was changed or disabled since `user` was read. The returned ending is that of `own`, which the
   * caller carries out.
   */
  changePassword(user: User, password: string, own?: OwnEnding): { user: User; ending: Ending } | null {
    const { id, passwordChangedAt, isDisabled } = user;
    return this.transaction(() => {
      const state = [id, passwordChangedAt, Number(isDisabled)];
      const { changes } = this.sql.changePassword.run(password, this.clock(), ...state);
      if (Number(changes) === 0) return null;
      return { user: this.byId(id) as User, ending: this.endings.add(id, own) };
    });
  }

  /** Replaces a hash by another one of the same password, unless the password has changed meanwhile. */
  rehash(user: User, password: string): void {
    this.sql.rehash.run(password, user.id, user.password);
  }

  /** Disables a user and records the ending of the sessions. The time of the change ends those of the admin page. */
  disable({ id }: User): void {
    this.transaction(() => {
      this.sql.setDisabled.run(1, id);
      this.sql.outdate.run(this.clock(), id);
      this.endings.add(id);
    });
  }

  enable({ id }: User): void {
    this.sql.setDisabled.run(0, id);
  }

  /**
   * Grants or withdraws the admin page. A withdrawal ends its sessions for good, even if the right is granted again.
   */
  setAdmin({ id }: User, isAdmin: boolean): void {
    this.transaction(() => {
      (isAdmin ? this.sql.grant : this.sql.withdraw).run(id);
      if (!isAdmin) this.sql.outdate.run(this.clock(), id);
    });
  }

  /** Removes a user, frees the name and records the ending of the sessions. */
  remove({ id }: User): void {
    this.transaction(() => {
      this.sql.remove.run(id);
      this.endings.add(id);
    });
  }

  /**
   * Whether the user may still be signed in with the password that `user` was read with. Call it after a session began:
   * an earlier change of the user shows here, and a later one also ends that session.
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
