// A source of changes: one line to each primary, proved again and again to be complete.

import { wrong } from "../../core/options.ts";
import type { RedisKeys } from "../redis/keys.ts";
import type { RedisPort, RedisPrimary } from "../redis/port.ts";
import { Line, type LinePrefixes } from "./line.ts";
import type { ChangeListener, ChangeSource } from "./source.ts";

/** The number of proofs that fit into `maxStaleness`: so one that takes its time is no gap. */
const BEATS = 4;
const CONNECT_TIMEOUT = 5000;
const PAUSE_AFTER_LOSS = 250;

const NO_LINES: readonly Line[] = [];
const UNPROVEN = Number.NEGATIVE_INFINITY;

/**
 * One line to each primary. They live and end together: when one is lost, or does not prove in time that it works, or
 * the client knows other primaries than before, all are given up, the listener is told that anything may have changed,
 * and new ones are opened. So failovers and moving slots need no code of their own.
 *
 * The proof is dated back to when it was asked for. No proof is asked for while no request asks for copies.
 */
export class Tracking implements ChangeSource {
  problem: string | null = "not connected yet";
  readonly #port: RedisPort;
  readonly #prefixes: LinePrefixes;
  readonly #maxStaleness: number;
  readonly #now: () => number;
  #listener: ChangeListener | null = null;
  #lines = NO_LINES;
  #provenAt = UNPROVEN;
  #isWanted = false;
  #timer: NodeJS.Timeout | undefined;

  /** `now`: milliseconds that only go forward. Throws `ERR_SESSION_OPTION` for a client that cannot track. */
  constructor(port: RedisPort, keys: RedisKeys, maxStaleness: number, now = () => performance.now()) {
    this.#port = port;
    this.#prefixes = { session: keys.stored, beat: (port.keyPrefix ?? "") + keys.beat };
    this.#maxStaleness = maxStaleness;
    this.#now = now;
    const primaries = this.#primaries();
    if (port.primaries === undefined || primaries.some(({ connect }) => connect === undefined))
      throw wrong("store", "over a client whose primaries `connect`");
    // Keys in braces would all belong to one primary, and the others could prove nothing.
    if (primaries.length !== 1 && keys.stored.includes("{"))
      throw wrong("store", "made with a `prefix` without braces, or over no Cluster");
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

  #primaries(): readonly RedisPrimary[] {
    return this.#port.primaries?.() ?? [];
  }

  #connect(): Promise<void> {
    const lines: Line[] = [];
    this.#lines = lines;
    return this.#keepOrLose(lines, async () => {
      lines.push(...this.#primaries().map((primary) => this.#lineTo(primary, lines)));
      await within(CONNECT_TIMEOUT, Promise.all(lines.map((line) => line.open())));
      await this.#prove(lines);
    });
  }

  #lineTo(primary: RedisPrimary, lines: readonly Line[]): Line {
    return new Line(primary, this.#port, this.#prefixes, {
      changed: (key) => this.#listener?.changed(key.slice(this.#prefixes.session.length)),
      flushed: () => this.#listener?.reset(),
      lost: () => this.#lose(lines, "a connection was lost"),
    });
  }

  async #prove(lines: readonly Line[]): Promise<void> {
    const askedAt = this.#now();
    // A record that came from a primary without a line might be kept for ever.
    if (lines.length === 0 || namesOf(lines) !== namesOf(this.#primaries()))
      throw new Error("the client knows other primaries than before");
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

  async #keepOrLose(lines: readonly Line[], step: () => Promise<void>): Promise<void> {
    try {
      await step();
    } catch (error) {
      this.#lose(lines, error instanceof Error ? error.message : String(error));
    }
  }

  /** Events on lines that were given up before are ignored. Until the first proof there is nothing to lose. */
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

function namesOf(lines: readonly { readonly name: string }[]): string {
  return lines
    .map(({ name }) => name)
    .sort()
    .join();
}

/** Rejects when the work has not been done in time; what it does afterwards is ignored. */
function within<T>(milliseconds: number, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no answer within ${milliseconds} ms`)), milliseconds).unref();
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
