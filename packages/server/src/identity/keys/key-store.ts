// The API keys in the file of the users: their scopes, their secrets' digests, and the check of a presented one.

import { timingSafeEqual } from "node:crypto";
import type { SqliteDatabase } from "sessile/sqlite";
import { firstRow, Rows } from "../users/query.ts";
import { isKeyScope, type KeyScope } from "./key-scopes.ts";
import { digestOf, formatKey, newId, newSecret, parseKey } from "./key-text.ts";

/** A key in a list: without anything that opens a session. */
export interface ApiKey {
  /** Part of the key itself, after `sak_`, so that a leaked key can be identified. */
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly KeyScope[];
  readonly createdAt: number;
  /** When the present secret was created. */
  readonly rotatedAt: number;
  /** The time until which the secret before the present one works; `null` when it does not. */
  readonly previousUntil: number | null;
}

/** A key that was just created or rotated, and the only copy of its text. */
export interface NewKey {
  readonly key: string;
  readonly info: ApiKey;
}

const COLUMNS = `id, name, digest, previous_digest AS previousDigest, previous_until AS previousUntil, scopes,
  created_at AS createdAt, rotated_at AS rotatedAt`;

const SQL = {
  byId: `SELECT ${COLUMNS} FROM sessile_api_keys WHERE id = ?`,
  byName: `SELECT ${COLUMNS} FROM sessile_api_keys WHERE name = ?`,
  all: `SELECT ${COLUMNS} FROM sessile_api_keys ORDER BY name`,
  add: "INSERT INTO sessile_api_keys (id, name, digest, scopes, created_at, rotated_at) VALUES (?, ?, ?, ?, ?, ?)",
  rotate: `UPDATE sessile_api_keys SET previous_digest = digest, previous_until = ?, digest = ?, rotated_at = ?
    WHERE id = ?`,
  remove: "DELETE FROM sessile_api_keys WHERE name = ?",
} as const;

/** Compared with the secret of a key that does not exist, so that its check takes as long as any other. */
const NO_DIGEST = "0".repeat(64);

export class KeyStore extends Rows<typeof SQL> {
  constructor(file: SqliteDatabase, clock: () => number = Date.now) {
    super(file, SQL, clock);
  }

  /** Creates a key; `null` when the name is taken. `name` is a result of `normalizeName`. */
  add(name: string, scopes: readonly KeyScope[]): NewKey | null {
    return this.transaction(() => {
      if (this.find(name) !== null) return null;
      const parts = { id: newId(), secret: newSecret() };
      const now = this.clock();
      this.sql.add.run(parts.id, name, digestOf(parts), [...new Set(scopes)].join(" "), now, now);
      return this.#made(parts);
    });
  }

  /**
   * Gives a key a new secret; `null` for an unknown name. The previous secret works for `grace` milliseconds more, so
   * that its clients can be changed meanwhile; one before that ends now.
   */
  rotate(name: string, grace: number): NewKey | null {
    return this.transaction(() => {
      const key = this.find(name);
      if (key === null) return null;
      const parts = { id: key.id, secret: newSecret() };
      const now = this.clock();
      this.sql.rotate.run(now + grace, digestOf(parts), now, key.id);
      return this.#made(parts);
    });
  }

  /** Ends a key and both of its secrets. False for an unknown name. */
  revoke(name: string): boolean {
    return Number(this.sql.remove.run(name).changes) > 0;
  }

  find(name: string): ApiKey | null {
    const row = firstRow<Row>(this.sql.byName, name);
    return row === undefined ? null : this.#describe(row);
  }

  /** All keys, by name. */
  list(): ApiKey[] {
    return (this.sql.all.all() as Row[]).map((row) => this.#describe(row));
  }

  /**
   * The key with this text; `null` for anything else. Reads the file each time, so that a revocation takes effect at
   * once.
   */
  verify(text: string): ApiKey | null {
    const parts = parseKey(text);
    if (parts === null) return null;
    const row = firstRow<Row>(this.sql.byId, parts.id);
    const digest = digestOf(parts);
    const isPresent = isSame(digest, row?.digest ?? NO_DIGEST);
    const isPrevious = isSame(digest, row?.previousDigest ?? NO_DIGEST);
    if (row === undefined) return null;
    const key = this.#describe(row);
    return isPresent || (isPrevious && key.previousUntil !== null) ? key : null;
  }

  #made(parts: { readonly id: string; readonly secret: string }): NewKey {
    return { key: formatKey(parts), info: this.#describe(firstRow<Row>(this.sql.byId, parts.id) as Row) };
  }

  #describe({ id, name, scopes, createdAt, rotatedAt, previousUntil }: Row): ApiKey {
    const until = previousUntil !== null && previousUntil > this.clock() ? previousUntil : null;
    return { id, name, scopes: scopes.split(" ").filter(isKeyScope), createdAt, rotatedAt, previousUntil: until };
  }
}

interface Row extends Omit<ApiKey, "scopes"> {
  readonly scopes: string;
  readonly digest: string;
  readonly previousDigest: string | null;
}

function isSame(a: string, b: string): boolean {
  return timingSafeEqual(Buffer.from(a), Buffer.from(b));
}
