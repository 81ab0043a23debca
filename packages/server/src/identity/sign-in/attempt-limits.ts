// Counts failed sign-ins by account and by network, in the file of the users: so they outlive a restart, and all processes of
// a server count together. Knows no password and no HTTP.

import { createHmac, createSecretKey, type KeyObject } from "node:crypto";
import type { SqliteDatabase } from "sessile/sqlite";
import { DELEGATED, networkOf, SITE, SUBSCRIBER } from "../../config/ip-address.ts";
import { firstRow, prepareAll, type Statements, transaction } from "../users/query.ts";
import { countFailures, DELAY_RULES, type DelayRules, type Failures, waitOf } from "./delay.ts";

/** Somebody who wants to sign in. */
export interface Attempt {
  /** As it was typed, or normalised; whether there is such a user does not matter. */
  readonly name: string;
  /** The user of that name, if there is one. */
  readonly userId: number | null;
  /** The client's, from `parseAddress`. */
  readonly address: string;
}

type Kind = keyof DelayRules;

/** Where an attempt is counted. */
interface Counter {
  readonly kind: Kind;
  readonly bucket: number;
}

const KINDS: readonly Kind[] = ["stranger", "known", "account", "network", "delegated", "site"];

/** In which networks an address counts. An IPv4 address is one client and nothing else. */
const NETWORKS = { network: SUBSCRIBER, delegated: DELEGATED, site: SITE } as const;

/**
 * Buckets of each kind. Counters are not kept by name but by a digest this short, so their number is bounded without ever
 * dropping one: an attacker cannot push an account's counter out. Two names meet in one bucket once in a million times, which
 * ones nobody can find out without the key, and then they share a delay. And a password typed into the wrong field leaves
 * no trace.
 */
const BUCKETS = 2 ** 20;

/** A user's networks that count as known: the last few, for a while. */
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

/** Every method throws what SQLite throws: without the counters nobody may try. */
export class AttemptLimits {
  readonly #file: SqliteDatabase;
  readonly #rules: DelayRules;
  readonly #clock: () => number;
  readonly #sql: Statements<typeof SQL>;
  readonly #key: KeyObject;

  constructor(file: SqliteDatabase, { rules = DELAY_RULES, clock = Date.now }: LimitOptions = {}) {
    this.#file = file;
    this.#rules = rules;
    this.#clock = clock;
    this.#sql = prepareAll(file, SQL);
    this.#key = createSecretKey(firstRow<{ key: string }>(this.#sql.key)?.key ?? "", "hex");
    this.#sql.clearOld.run(clock() - Math.max(...KINDS.map((kind) => rules[kind].forgetAfter)));
  }

  /**
   * Takes one try: 0 when it may be made now, and then it counts as failed until `succeed` says otherwise, so that tries at the
   * same time cannot slip through together. Else the milliseconds to wait; such a try counts nowhere, or else whoever
   * goes on knocking would keep the user out for good.
   */
  take(attempt: Attempt): number {
    const wait = this.#wait(attempt);
    return wait > 0 ? wait : transaction(this.#file, () => this.#count(attempt));
  }

  /** The try was good: the account's failures are forgotten, the networks' are not but for this one, and the network is known. */
  succeed({ name, userId, address }: Attempt): void {
    transaction(this.#file, () => {
      this.#clearAccount(name);
      for (const counter of this.#networks(address)) {
        const past = this.#load(counter);
        if (past !== undefined) this.#sql.save.run(counter.bucket, Math.max(0, past.failures - 1), past.lastAt);
      }
      if (userId !== null) this.#remember(userId, this.#knownAs(address));
    });
  }

  /** Forgets an account's failures, because somebody who may has vouched for it. */
  clearAccount(name: string): void {
    transaction(this.#file, () => this.#clearAccount(name));
  }

  #clearAccount(name: string): void {
    for (const kind of ["stranger", "known", "account"] as const) this.#sql.clear.run(this.#counter(kind, name).bucket);
  }

  #count(attempt: Attempt): number {
    const wait = this.#wait(attempt);
    if (wait > 0) return wait;
    const now = this.#clock();
    for (const counter of this.#counters(attempt)) {
      const failures = countFailures(this.#rules[counter.kind], this.#load(counter), now);
      this.#sql.save.run(counter.bucket, failures + 1, now);
    }
    return 0;
  }

  #wait(attempt: Attempt): number {
    const now = this.#clock();
    const waits = this.#counters(attempt).map((counter) => waitOf(this.#rules[counter.kind], this.#load(counter), now));
    return Math.max(0, ...waits);
  }

  #counters({ name, userId, address }: Attempt): Counter[] {
    // A query for a name that nobody has as well: the same work for all.
    const since = this.#clock() - NETWORK_LIFETIME;
    const isKnown = firstRow(this.#sql.isKnown, userId ?? -1, this.#knownAs(address), since) !== undefined;
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

  /** The whole digest: two networks that share a counter must not be known together. */
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
    return firstRow<Failures>(this.#sql.load, bucket);
  }

  #remember(userId: number, network: string): void {
    this.#sql.addNetwork.run(network, this.#clock(), userId);
    this.#sql.trimNetworks.run(userId, userId);
  }
}
