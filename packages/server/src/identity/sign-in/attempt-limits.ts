// Counters of failed sign-ins, by account and by network. They are in the file of the users, so they survive a restart,
// and all processes of a server count together.

import { createHmac, createSecretKey, type KeyObject } from "node:crypto";
import type { SqliteDatabase } from "sessile/sqlite";
import { DELEGATED, networkOf, SITE, SUBSCRIBER } from "../../config/ip-address.ts";
import { firstRow, Rows } from "../users/query.ts";
import { countFailures, DELAY_RULES, type DelayRules, type Failures, waitOf } from "./delay.ts";

/** One attempt to sign in. */
export interface Attempt {
  /** As typed, or normalised; the user need not exist. */
  readonly name: string;
  /** The user of that name, if there is one. */
  readonly userId: number | null;
  /** The client's address, from `parseAddress`. */
  readonly address: string;
}

type Kind = keyof DelayRules;

/** One counter that an attempt raises. */
interface Counter {
  readonly kind: Kind;
  readonly bucket: number;
}

const KINDS: readonly Kind[] = ["stranger", "known", "account", "network", "delegated", "site"];

/** The networks in which an address counts. An IPv4 address is one client and nothing else. */
const NETWORKS = { network: SUBSCRIBER, delegated: DELEGATED, site: SITE } as const;

/**
 * Number of counters of each kind. A counter is found by a digest this short, not by name:
 * - Their number is bounded without ever dropping one, so an attacker cannot displace an account's counter.
 * - Two names share a counter, and then a delay, once in a million times; without the key these cannot be found out.
 * - A password that was typed into the wrong field leaves no trace.
 */
const BUCKETS = 2 ** 20;

/** Number of a user's networks that count as known, for a limited time. */
const NETWORKS_PER_USER = 10;
const NETWORK_LIFETIME = 90 * 24 * 3_600_000;

const SQL = {
  key: "SELECT key FROM sessile_key",
  load: "SELECT failures, last_at AS lastAt FROM sessile_attempts WHERE bucket = ?",
  save: "INSERT OR REPLACE INTO sessile_attempts (bucket, failures, last_at) VALUES (?, ?, ?)",
  clear: "DELETE FROM sessile_attempts WHERE bucket = ?",
  clearOld: "DELETE FROM sessile_attempts WHERE last_at <= ?",
  isKnown: "SELECT 1 FROM sessile_networks WHERE user_id = ? AND network = ? AND seen_at > ?",
  addNetwork: `INSERT OR REPLACE INTO sessile_networks (user_id, network, seen_at)
    SELECT id, ?, ? FROM sessile_users WHERE id = ?`,
  trimNetworks: `DELETE FROM sessile_networks WHERE user_id = ? AND network NOT IN
    (SELECT network FROM sessile_networks WHERE user_id = ? ORDER BY seen_at DESC LIMIT ${NETWORKS_PER_USER})`,
} as const;

export interface LimitOptions {
  readonly rules?: DelayRules;
  readonly clock?: () => number;
}

/** Every method throws SQLite's errors: without the counters, no attempt is allowed. */
export class AttemptLimits extends Rows<typeof SQL> {
  readonly #rules: DelayRules;
  readonly #key: KeyObject;

  constructor(file: SqliteDatabase, { rules = DELAY_RULES, clock = Date.now }: LimitOptions = {}) {
    super(file, SQL, clock);
    this.#rules = rules;
    this.#key = createSecretKey(firstRow<{ key: string }>(this.sql.key)?.key ?? "", "hex");
    this.sql.clearOld.run(clock() - Math.max(...KINDS.map((kind) => rules[kind].forgetAfter)));
  }

  /**
   * Takes one attempt. Returns 0 when it may be made now; it then counts as failed until `succeed` is called, so that
   * simultaneous attempts cannot slip through together. Otherwise returns the milliseconds to wait; such an attempt is
   * not counted, or else an attacker who keeps trying would lock the user out for good.
   */
  take(attempt: Attempt): number {
    const wait = this.#wait(attempt);
    return wait > 0 ? wait : this.transaction(() => this.#count(attempt));
  }

  /**
   * Records a success: the account's failures are forgotten, the networks' are not but for this one, and the network
   * counts as known.
   */
  succeed({ name, userId, address }: Attempt): void {
    this.transaction(() => {
      this.#clearAccount(name);
      for (const counter of this.#networks(address)) {
        const past = this.#load(counter);
        if (past !== undefined) this.sql.save.run(counter.bucket, Math.max(0, past.failures - 1), past.lastAt);
      }
      if (userId !== null) this.#remember(userId, this.#knownAs(address));
    });
  }

  /** Forgets an account's failures, after the operator set a new password. */
  clearAccount(name: string): void {
    this.transaction(() => this.#clearAccount(name));
  }

  #clearAccount(name: string): void {
    for (const kind of ["stranger", "known", "account"] as const) this.sql.clear.run(this.#counter(kind, name).bucket);
  }

  #count(attempt: Attempt): number {
    const wait = this.#wait(attempt);
    if (wait > 0) return wait;
    const now = this.clock();
    for (const counter of this.#counters(attempt)) {
      const failures = countFailures(this.#rules[counter.kind], this.#load(counter), now);
      this.sql.save.run(counter.bucket, failures + 1, now);
    }
    return 0;
  }

  #wait(attempt: Attempt): number {
    const now = this.clock();
    const waits = this.#counters(attempt).map((counter) => waitOf(this.#rules[counter.kind], this.#load(counter), now));
    return Math.max(0, ...waits);
  }

  #counters({ name, userId, address }: Attempt): Counter[] {
    // The query also runs for unknown names, so that the work is always the same.
    const since = this.clock() - NETWORK_LIFETIME;
    const isKnown = firstRow(this.sql.isKnown, userId ?? -1, this.#knownAs(address), since) !== undefined;
    const account = [this.#counter(isKnown ? "known" : "stranger", name), this.#counter("account", name)];
    return [...account, ...this.#networks(address)];
  }

  #networks(address: string): Counter[] {
    const kinds = ["network", "delegated", "site"] as const;
    const networks = kinds.map((kind) => [kind, networkOf(address, NETWORKS[kind])] as const);
    return networks
      .filter(([, text], i) => i === 0 || text.includes(":"))
      .map(([kind, text]) => this.#counter(kind, text));
  }

  /** The whole digest: of two networks that share a counter, one must not make the other known. */
  #knownAs(address: string): string {
    return this.#digest("network", networkOf(address, SUBSCRIBER)).toString("hex");
  }

  #counter(kind: Kind, text: string): Counter {
    return { kind, bucket: KINDS.indexOf(kind) * BUCKETS + (this.#digest(kind, text).readUInt32BE() % BUCKETS) };
  }

  #digest(kind: Kind, text: string): Buffer {
    return createHmac("sha256", this.#key).update(`${kind}:${text}`).digest();
  }

  #load({ bucket }: Counter): Failures | undefined {
    return firstRow<Failures>(this.sql.load, bucket);
  }

  #remember(userId: number, network: string): void {
    this.sql.addNetwork.run(network, this.clock(), userId);
    this.sql.trimNetworks.run(userId, userId);
  }
}
