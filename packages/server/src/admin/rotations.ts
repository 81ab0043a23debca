// When sessions were given new tokens: kept in the file of the users for all processes that share it, and bounded.

import type { SqliteDatabase } from "sessile/sqlite";
import type { EventFeed, FeedEvent } from "../metrics/event-feed.ts";
import { prepareAll, type Statements, transaction } from "../users/query.ts";

/** Rotations kept, of all sessions; the oldest go first. */
export const MOST_ROTATIONS = 100_000;
/** Rotations wait this long for others, in milliseconds, so that no request waits for the disk. */
const BATCH_INTERVAL = 1000;

const SQL = {
  add: "INSERT INTO sessile_rotations (sid, at) VALUES (?, ?)",
  trim: "DELETE FROM sessile_rotations WHERE id <= (SELECT max(id) FROM sessile_rotations) - ?",
  of: "SELECT at FROM sessile_rotations WHERE sid = ? ORDER BY id DESC LIMIT ?",
} as const;

export class Rotations {
  readonly #file: SqliteDatabase;
  readonly #sql: Statements<typeof SQL>;
  readonly #stopListening: () => void;
  #waiting: FeedEvent[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(file: SqliteDatabase, feed: EventFeed) {
    this.#file = file;
    this.#sql = prepareAll(file, SQL);
    this.#stopListening = feed.subscribe((event) => this.#collect(event));
  }

  /** When this session was given a new token, newest first, as far as it is kept; at most `limit`. */
  of(sid: string, limit: number): number[] {
    this.#write();
    return (this.#sql.of.all(sid, limit) as { at: number }[]).map(({ at }) => at);
  }

  /** Writes what waits. */
  close(): void {
    this.#stopListening();
    this.#write();
  }

  #collect(event: FeedEvent): void {
    if (event.event !== "rotated") return;
    this.#waiting.push(event);
    this.#timer ??= setTimeout(() => this.#write(), BATCH_INTERVAL).unref();
  }

  /** Where the file cannot be written they are lost: no session depends on them, and the log has them too. */
  #write(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const events = this.#waiting;
    this.#waiting = [];
    if (events.length === 0) return;
    try {
      transaction(this.#file, () => {
        for (const { sid, at } of events) this.#sql.add.run(String(sid), at);
        this.#sql.trim.run(MOST_ROTATIONS);
      });
    } catch {}
  }
}
