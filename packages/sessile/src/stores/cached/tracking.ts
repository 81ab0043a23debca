// Hears from every primary what changed, and proves again and again that it does. Knows keys, and no record.

import { wrong } from "../../core/options.ts";
import type { RedisClient } from "../redis/client.ts";
import { Line } from "./line.ts";
import { keyPrefixOf, type Primary, primariesOf, type WriteKey, writerOf } from "./primaries.ts";
import type { ChangeListener, ChangeSource } from "./source.ts";

export interface TrackingOptions {
  readonly client: RedisClient;
  /** How the keys of sessions begin, and how keys may begin that prove that the lines work, as given to the client. */
  readonly prefixes: { readonly session: string; readonly beat: string };
  /** Milliseconds. */
  readonly maxStaleness: number;
  /** Milliseconds that only go forward. */
  readonly now?: () => number;
}

/** How many proofs fit into `maxStaleness`: so one that takes its time is no gap. */
const BEATS = 4;
const CONNECT_TIMEOUT = 5000;
const PAUSE_AFTER_LOSS = 250;

const NO_LINES: readonly Line[] = [];
const UNPROVEN = Number.NEGATIVE_INFINITY;

/**
 * One line to each primary. They live and end together: when one is lost, or does not prove in time that it works, or the
 * client knows other primaries than before, all are given up, the listener is told that anything may have changed, and new
 * ones are opened. So nothing needs to be known of failovers and moving slots.
 *
 * The proof is dated back to when it was asked for. Nothing is asked while nobody wants to know.
 */
export class Tracking implements ChangeSource {
  readonly #client: RedisClient;
  readonly #write: WriteKey;
  readonly #prefixes: { readonly session: string; readonly beat: string };
  readonly #maxStaleness: number;
  readonly #now: () => number;
  problem: string | null = "not connected yet";
  #listener: ChangeListener | null = null;
  #lines = NO_LINES;
  #provenAt = UNPROVEN;
  #isWanted = false;
  #timer: NodeJS.Timeout | undefined;

  constructor({ client, prefixes, maxStaleness, now = () => performance.now() }: TrackingOptions) {
    const start = keyPrefixOf(client);
    this.#client = client;
    this.#write = writerOf(client, maxStaleness);
    this.#prefixes = { session: start + prefixes.session, beat: start + prefixes.beat };
    this.#maxStaleness = maxStaleness;
    this.#now = now;
    this.#check();
  }

  start(listener: ChangeListener): void {
    this.#listener = listener;
    this.#after(0, () => this.#connect());
  }

  isCurrent(): boolean {
    this.#isWanted = true;
    return this.#now() - this.#provenAt < this.#maxStaleness;
  }

  close(): void {
    this.#listener = null;
    this.#giveUp();
  }

  /** Keys in braces would all belong to one primary, and the others could prove nothing. */
  #check(): void {
    primariesOf(this.#client);
    if (!("slots" in this.#client) || !this.#prefixes.session.includes("{")) return;
    throw wrong("store", "made with a `prefix` without braces, or over no Cluster");
  }

  #connect(): Promise<void> {
    const lines: Line[] = [];
    this.#lines = lines;
    return this.#keepOrLose(lines, async () => {
      lines.push(
        ...primariesOf(this.#client).map((primary) =>
          this.#lineTo(primary, () => this.#lose(lines, "a connection was lost")),
        ),
      );
      await within(CONNECT_TIMEOUT, Promise.all(lines.map((line) => line.open())));
      await this.#prove(lines);
    });
  }

  #lineTo(primary: Primary, lost: () => void): Line {
    const { session } = this.#prefixes;
    return new Line(primary, this.#write, this.#prefixes, {
      changed: (key) => this.#listener?.changed(key.slice(session.length)),
      flushed: () => this.#listener?.reset(),
      lost,
    });
  }

  async #prove(lines: readonly Line[]): Promise<void> {
    const askedAt = this.#now();
    this.#checkPrimaries(lines);
    await within(this.#maxStaleness, Promise.all(lines.map((line) => line.beat())));
    if (this.#lines !== lines) return;
    this.#provenAt = askedAt;
    this.problem = null;
    this.#proveLater(lines);
  }

  #proveLater(lines: readonly Line[]): void {
    this.#after(this.#maxStaleness / BEATS, () => {
      if (!this.#isWanted) return this.#proveLater(lines);
      this.#isWanted = false;
      return this.#keepOrLose(lines, () => this.#prove(lines));
    });
  }

  /** A record that came from a primary without a line might be kept for ever. */
  #checkPrimaries(lines: readonly Line[]): void {
    const known = primariesOf(this.#client).map(({ name }) => name);
    if (
      lines.length === 0 ||
      known.sort().join() !==
        lines
          .map(({ name }) => name)
          .sort()
          .join()
    ) {
      throw new Error("the client knows other primaries than before");
    }
  }

  async #keepOrLose(lines: readonly Line[], step: () => Promise<void>): Promise<void> {
    try {
      await step();
    } catch (error) {
      this.#lose(lines, error instanceof Error ? error.message : String(error));
    }
  }

  /** What happens on lines that were given up before is of no interest. Until the first proof there is nothing to lose. */
  #lose(lines: readonly Line[], problem: string): void {
    if (this.#lines !== lines) return;
    this.problem = problem;
    const wasProven = this.#provenAt !== UNPROVEN;
    this.#giveUp();
    if (wasProven) this.#listener?.reset();
    this.#after(PAUSE_AFTER_LOSS, () => this.#connect());
  }

  #giveUp(): void {
    const lines = this.#lines;
    this.#lines = NO_LINES;
    this.#provenAt = UNPROVEN;
    clearTimeout(this.#timer);
    for (const line of lines) line.close();
  }

  #after(milliseconds: number, step: () => unknown): void {
    this.#timer = setTimeout(() => void step(), milliseconds).unref();
  }
}

/** Rejects when the work has not been done in time; what it does afterwards is ignored. */
function within<T>(milliseconds: number, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no answer within ${milliseconds} ms`)), milliseconds).unref();
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
