// Commands that count only when replicas have confirmed them: the command and `WAIT` on one connection, or an error.
// `WAIT` raises the odds that a failover keeps a change; it does not make Redis consistent, because the promoted
// replica may be another one.

import { DEADLINES } from "../../network/deadlines.ts";
import { failure, type RedisLink } from "../link.ts";
import type { RedisConnection, RedisPort, RedisPrimary } from "../port.ts";

interface Waiting {
  readonly args: readonly string[];
  /** By `DEADLINES`. */
  readonly endsAt: number;
  readonly resolve: (reply: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * As many as a client of a Cluster follows by itself, about: a table of slots that was asked for before the move may
 * arrive after it.
 */
const MOST_MOVES = 10;

export class Confirmation {
  readonly #port: RedisPort;
  readonly #link: RedisLink;
  readonly #replicas: number;
  readonly #lines = new Map<string, Line>();

  /** `link` for its deadline, of which replicas get four fifths. */
  constructor(port: RedisPort, link: RedisLink, replicas: number) {
    this.#port = port;
    this.#link = link;
    this.#replicas = replicas;
  }

  /** Sends a command about `key`. Its reply; fails when too few replicas confirmed in time, although it may be done. */
  run(key: string, args: readonly string[]): Promise<unknown> {
    const stored = (this.#port.keyPrefix ?? "") + key;
    const words = args.map((word) => (word === key ? stored : word));
    return this.#link.through(() => this.#follow(key, stored, words), args[0] as string);
  }

  close(): void {
    for (const line of this.#lines.values()) line.close();
  }

  /**
   * A node that does not hold the key has done nothing, so the command is sent again when an ordinary one has shown the
   * client the way.
   */
  async #follow(key: string, stored: string, args: readonly string[]): Promise<unknown> {
    for (let moves = 0; ; moves++) {
      try {
        return await this.#lineTo(stored).send(args);
      } catch (error) {
        if (moves === MOST_MOVES || !(error as Error).message.startsWith("MOVED ")) throw error;
      }
      await this.#port.send(key, ["EXISTS", key]);
    }
  }

  #lineTo(stored: string): Line {
    const primary = this.#port.primaries?.().find(({ owns }) => owns(stored));
    if (primary === undefined) throw failure("Redis is not connected. Nothing was sent.");
    const line = this.#lines.get(primary.name) ?? new Line(this.#link, this.#replicas);
    this.#lines.set(primary.name, line);
    line.primary = primary;
    return line;
  }
}

/**
 * A connection of the store's own to one primary: `WAIT` holds up what stands behind it, and on another connection than
 * the change's it answers for other writes. One batch is under way at a time, and what comes meanwhile goes together in
 * the next; so a replica that lags costs one wait for all.
 */
class Line {
  primary: RedisPrimary | undefined;
  readonly #link: RedisLink;
  readonly #replicas: number;
  #waiting: Waiting[] = [];
  #connection: RedisConnection | undefined;
  #isWorking = false;

  constructor(link: RedisLink, replicas: number) {
    this.#link = link;
    this.#replicas = replicas;
  }

  send(args: readonly string[]): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ args, endsAt: this.#link.endsAt(), resolve, reject });
      if (!this.#isWorking) void this.#work();
    });
  }

  close(): void {
    this.#connection?.close();
    this.#connection = undefined;
  }

  async #work(): Promise<void> {
    this.#isWorking = true;
    while (this.#waiting.length > 0) {
      try {
        await this.#link.through(() => this.#next(), "WAIT");
      } catch (error) {
        this.close();
        for (const { reject } of this.#waiting.splice(0)) reject(error);
      }
    }
    this.#isWorking = false;
  }

  /** A command whose caller got an error is not sent any more. */
  async #next(): Promise<void> {
    const connection = this.#connection ?? (await this.#connect());
    const batch = this.#waiting.splice(0).filter(({ endsAt }) => endsAt > DEADLINES.now());
    if (batch.length === 0) return;
    const timeout = Math.ceil(this.#link.deadline * 0.8);
    const replies = batch.map(({ args }) => connection.send(args));
    const confirmed = connection.send(["WAIT", String(this.#replicas), String(timeout)]);
    for (const [i, { resolve, reject }] of batch.entries()) {
      Promise.all([replies[i], confirmed.then((count) => this.#check(Number(count)))]).then(
        ([reply]) => resolve(reply),
        reject,
      );
    }
    const all = await Promise.allSettled([...replies, confirmed]);
    if (all.some(({ status }) => status === "rejected")) this.close(); // it may be a replica's by now
  }

  #check(count: number): void {
    if (count >= this.#replicas) return;
    const answered = `${count} of ${this.#replicas} replicas answered in time`;
    throw failure(`The session was deleted but not confirmed: ${answered}.`);
  }

  async #connect(): Promise<RedisConnection> {
    let made: RedisConnection | undefined;
    made = await this.primary?.connect?.(() => {
      if (this.#connection === made) this.#connection = undefined;
    });
    if (made === undefined) throw failure("The client's port cannot `connect`, which `confirmReplicas` needs.");
    this.#connection = made;
    return made;
  }
}
