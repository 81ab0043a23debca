// The store's methods: reads at once on this thread's connection, writes through the queue. Knows neither file nor thread.

import { setTimeout } from "node:timers/promises";
import { applyDelta, type SessionDelta } from "../../core/delta.ts";
import { isSessionError } from "../../core/errors.ts";
import type { SessionRecord } from "../../core/record.ts";
import type {
  Committed,
  Created,
  Page,
  RecordPage,
  SessionStore,
  StoreStats,
  SweepBudget,
  UserLimit,
} from "../../core/store.ts";
import { KnownRecords } from "../known-records.ts";
import { byAge, DEFAULT_PAGE, type Position, parseCursor, parseSid, slicePage } from "../paging.ts";
import { busyError, closedError, storeError } from "./errors.ts";
import type { OpenFile } from "./open-file.ts";
import { firstColumn, isBusy } from "./port.ts";
import { changesOf, fromText, toRow, toText, unreadable } from "./row.ts";
import type { Statements } from "./statements.ts";
import type { Found, Step, Writer } from "./transaction.ts";
import { WriteQueue } from "./write-queue.ts";

/** Between attempts to read while another connection holds a lock that even readers wait for. Rare in WAL mode. */
const PAUSE = 10;

/** Before every position: no record ends before 1970. */
const START: Position = { absoluteExpiresAt: -1, sid: "" };

interface Parts {
  readonly statements: Statements;
  readonly writer: Writer;
  /** `null` for a database in memory. */
  readonly file: OpenFile | null;
  readonly busyTimeout: number;
  readonly maxCopyBytes: number;
  /** Closes the database if the store opened it. */
  readonly release: () => void;
}

export class SqliteStore implements SessionStore {
  readonly #parts: Parts;
  readonly #statements: Statements;
  readonly #writes: WriteQueue;
  readonly #known: KnownRecords;
  /** Records as they will be when the commits that are under way succeed: a commit that comes meanwhile goes on top. */
  readonly #ahead = new Map<string, SessionRecord>();
  #closing: Promise<void> | null = null;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#statements = parts.statements;
    this.#writes = new WriteQueue(parts.writer, parts.busyTimeout);
    this.#known = new KnownRecords(parts.maxCopyBytes);
  }

  async create(record: SessionRecord, limit?: UserLimit): Promise<Created> {
    const user = limit === undefined || record.userId === null ? null : toText(record.userId);
    const evictable = limit?.onExceeded === "evictOldest" ? user : null;
    const others = (limit?.max ?? 1) - 1;
    const [exists, evicted = [], inserted] = await this.#write(
      "create a session",
      ["exists", record.sid],
      ["evict", evictable, record.createdAt, others, record.sid],
      ["insert", ...toRow(record), user, record.createdAt, others],
    );
    if (exists?.length) return { status: "exists" };
    return inserted?.length ? { status: "created", evicted } : { status: "refused" };
  }

  load(sid: string): Promise<SessionRecord | null> {
    return this.#read("load a session", () => this.#load(sid));
  }

  /**
   * The change is made here and written only over the row that it was made for; otherwise it is made again. `base`
   * spares reading that row.
   */
  async commit(sid: string, delta: SessionDelta, base?: SessionRecord): Promise<Committed> {
    const until = performance.now() + this.#parts.busyTimeout;
    const change = JSON.parse(JSON.stringify(delta)) as SessionDelta;
    for (let from = this.#ahead.get(sid) ?? base; ; from = this.#ahead.get(sid)) {
      const attempt = await this.#read(COMMITTING, () => this.#change(sid, change, from)).catch(goneIfDamaged);
      if (!("isWritten" in attempt)) return attempt;
      if (await attempt.isWritten) return { status: "ok", record: attempt.record };
      if (performance.now() >= until) throw busyError(this.#parts.busyTimeout);
    }
  }

  async delete(sid: string): Promise<boolean> {
    const [deleted] = await this.#write("delete a session", ["delete", sid]);
    return deleted?.length === 1;
  }

  list(userId: string, page: Page = {}): Promise<RecordPage> {
    return this.#read("list the sessions of a user", () => this.#page(userId, page));
  }

  scan(page: Page = {}): Promise<RecordPage> {
    return this.#read("list all sessions", () => this.#scan(page));
  }

  async deleteByUser(userId: string, except?: string): Promise<readonly string[]> {
    const deletion = ["deleteByUser", toText(userId), except ?? null] as const;
    const [ended = []] = await this.#write("delete the sessions of a user", deletion);
    return ended;
  }

  async deleteExpired({ now, limit }: SweepBudget): Promise<readonly string[]> {
    const [ended = []] = await this.#write("delete expired sessions", ["deleteExpired", now, now, limit]);
    return ended;
  }

  stats(): Promise<StoreStats> {
    const count = () => Number(firstColumn(this.#statements.count)[0]);
    return this.#read("count its sessions", () => ({ kind: "sqlite", sessions: count() }));
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    try {
      await this.#writes.close();
    } finally {
      this.#parts.release();
    }
  }

  /** Runs the steps in one transaction. */
  async #write(doing: string, ...steps: readonly Step[]): Promise<readonly Found[]> {
    this.#checkOpen();
    return this.#writes.add(doing, steps);
  }

  /** A record whose row is to the letter what it was when it was read is not parsed again. */
  #load(sid: string): SessionRecord | null {
    const text = this.#textOf(sid);
    const known = this.#known.get(sid, text);
    if (known !== null || text === null) return known;
    const record = fromText(sid, text);
    this.#known.add(record, text);
    return record;
  }

  /** All values of the row; `null` when there is none. */
  #textOf(sid: string): string | null {
    try {
      return (this.#statements.load.get(sid) as { text: string } | null | undefined)?.text ?? null;
    } catch (error) {
      // Damage put a value into it that JSON has not.
      throw /\bBLOB\b/.test(String(error)) ? unreadable(sid) : error;
    }
  }

  /** Begins to write the record after `change` over `from`. Only the record as it is now turns a change away. */
  #change(sid: string, change: SessionDelta, from?: SessionRecord): Committed | Replacing {
    const record = from ?? this.#load(sid);
    const next = record === null ? "gone" : applyDelta(record, change);
    if (record !== null && typeof next === "object") return this.#replace(record, next);
    if (from !== undefined) return this.#change(sid, change);
    return record === null || next === "gone" ? { status: "gone" } : { status: "conflict", record };
  }

  #replace(record: SessionRecord, next: SessionRecord): Replacing {
    const { sid } = record;
    if ((this.#ahead.get(sid) ?? record) === record) this.#ahead.set(sid, next);
    const update = this.#write(COMMITTING, ["update", ...changesOf(toRow(next)), ...toRow(record)]);
    return { record: next, isWritten: this.#settled(sid, next, update) };
  }

  async #settled(sid: string, next: SessionRecord, update: Promise<readonly Found[]>): Promise<boolean> {
    const written = update.then(([found]) => found?.length === 1);
    const isWritten = await written.catch(() => false);
    // What was to go on top of a record that was not written is not written either.
    if (!isWritten || this.#ahead.get(sid) === next) this.#ahead.delete(sid);
    return written;
  }

  /** Reads at once. No transaction stays open while something is awaited: the log could not be emptied meanwhile. */
  async #read<T>(doing: string, read: () => T): Promise<T> {
    const until = performance.now() + this.#parts.busyTimeout;
    for (;;) {
      this.#checkOpen();
      try {
        this.#parts.file?.checkAtTimes();
        return read();
      } catch (error) {
        if (!isBusy(error)) throw storeError(doing, error);
        if (performance.now() >= until) throw busyError(this.#parts.busyTimeout);
      }
      await setTimeout(PAUSE);
    }
  }

  /**
   * Reads on past records that are not there any more or cannot be read, until the page is full or the list at its end.
   */
  #page(userId: string, { limit = DEFAULT_PAGE, after }: Page): RecordPage {
    const records: SessionRecord[] = [];
    let from = after === undefined ? START : parseCursor(after);
    for (let isMore = true; isMore && records.length <= limit; ) {
      const positions = this.#positions(userId, from, limit + 1);
      for (const { sid } of positions) records.push(...this.#readable(sid).filter((found) => found.userId === userId));
      const last = positions[limit];
      isMore = last !== undefined && byAge(last, from) > 0;
      from = last ?? from;
    }
    return slicePage(records, { limit });
  }

  #positions(userId: string, { absoluteExpiresAt, sid }: Position, limit: number): Position[] {
    const rows = this.#statements.page.all(toText(userId), absoluteExpiresAt, sid, limit) as Record<string, unknown>[];
    return rows.map((row) => ({ sid: String(row["sid"]), absoluteExpiresAt: Number(row["absolute_expires_at"]) }));
  }

  /** Goes on from the last sid that belongs to a record: a damaged one is no cursor. */
  #scan({ limit = DEFAULT_PAGE, after }: Page): RecordPage {
    for (let from = parseSid(after); ; ) {
      const sids = firstColumn(this.#statements.scan, from, limit + 1).map(String);
      const records = sids.slice(0, limit).flatMap((sid) => this.#readable(sid));
      if (sids.length <= limit) return { records, next: null };
      if (records.length > 0) return { records, next: records.at(-1)?.sid ?? null };
      from = sids[limit - 1] ?? from;
    }
  }

  /**
   * The record, if it is there and can be read. A user's index may be damaged, so the record itself says whose it is.
   */
  #readable(sid: string): SessionRecord[] {
    try {
      const text = this.#textOf(sid);
      return text === null ? [] : [fromText(sid, text)];
    } catch (error) {
      if (isSessionError(error, "ERR_SESSION_RECORD")) return [];
      throw error;
    }
  }

  #checkOpen(): void {
    if (this.#closing !== null) throw closedError();
  }
}

const COMMITTING = "commit a change";

/** Nothing that a delta says of a damaged record would be true. */
function goneIfDamaged(error: unknown): Committed {
  if (isSessionError(error, "ERR_SESSION_RECORD")) return { status: "gone" };
  throw error;
}

/** A record that is being written over the one before it. */
interface Replacing {
  readonly record: SessionRecord;
  /** False when the row was another one by then. */
  readonly isWritten: Promise<boolean>;
}
