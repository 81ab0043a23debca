// The store's methods: reads at once on this thread's connection, writes through the queue. Knows neither file nor
// thread.

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
import type { KnownRecords } from "../known-records.ts";
import { byAge, DEFAULT_PAGE, type Position, parseCursor, parseSid, slicePage } from "../paging.ts";
import { busyError, closedError, storeError } from "./errors.ts";
import type { OpenFile } from "./open-file.ts";
import { firstColumn, isBusy, plain, type Row, type SqliteValue } from "./port.ts";
import { changesOf, toRow, toText } from "./row.ts";
import { readKnown, readRecord, type SQL, type Statements } from "./statements.ts";
import type { Found, Step, Writer } from "./transaction.ts";
import { WriteQueue } from "./write-queue.ts";

/** Between attempts to read while another connection holds a lock that even readers wait for. Rare in WAL mode. */
const PAUSE = 10;

/** Before every position: no record ends before 1970. */
const START: Position = { absoluteExpiresAt: -1, sid: "" };

export interface SqliteStoreParts {
  readonly statements: Statements;
  readonly known: KnownRecords;
  readonly writer: Writer;
  /** `null` for a database in memory. */
  readonly file: OpenFile | null;
  readonly busyTimeout: number;
  /** Closes the database if the store opened it. */
  readonly release: () => void;
}

export class SqliteStore implements SessionStore {
  readonly #parts: SqliteStoreParts;
  readonly #statements: Statements;
  readonly #writes: WriteQueue;
  /** Records as they will be when the commits that are under way succeed: a commit that comes meanwhile goes on top. */
  readonly #ahead = new Map<string, SessionRecord>();
  #closing: Promise<void> | null = null;

  constructor(parts: SqliteStoreParts) {
    this.#parts = parts;
    this.#statements = parts.statements;
    this.#writes = new WriteQueue(parts.writer, parts.busyTimeout);
  }

  async create(record: SessionRecord, limit?: UserLimit): Promise<Created> {
    this.#checkOpen();
    const isEvicting = limit?.onExceeded === "evictOldest";
    const user = limit === undefined || record.userId === null ? null : toText(record.userId);
    const others = (limit?.max ?? 1) - 1;
    const [exists, evicted = [], inserted] = await this.#writes.add(
      "create a session",
      step("exists", record.sid),
      step("evict", isEvicting ? user : null, record.createdAt, others, record.sid),
      step("insert", ...toRow(record), user, record.createdAt, others),
    );
    if (exists?.length) return { status: "exists" };
    return inserted?.length ? { status: "created", evicted: evicted.map(String) } : { status: "refused" };
  }

  load(sid: string): Promise<SessionRecord | null> {
    return this.#read("load a session", () => readKnown(this.#statements, this.#parts.known, sid));
  }

  /**
   * The change is made here and written only over the row that it was made for; otherwise it is made again. `base`
   * spares reading that row.
   */
  async commit(sid: string, delta: SessionDelta, base?: SessionRecord): Promise<Committed> {
    const until = performance.now() + this.#parts.busyTimeout;
    const change = JSON.parse(JSON.stringify(delta)) as SessionDelta;
    for (let from = this.#ahead.get(sid) ?? base; ; from = this.#ahead.get(sid)) {
      const attempt = await this.#read(COMMITTING, () => this.#change(sid, change, from));
      if (!("isWritten" in attempt)) return attempt;
      if (await attempt.isWritten) return { status: "ok", record: attempt.record };
      if (performance.now() >= until) throw busyError(this.#parts.busyTimeout);
    }
  }

  async delete(sid: string): Promise<boolean> {
    this.#checkOpen();
    const [deleted] = await this.#writes.add("delete a session", step("delete", sid));
    return deleted?.length === 1;
  }

  list(userId: string, page: Page = {}): Promise<RecordPage> {
    return this.#read("list the sessions of a user", () => this.#page(userId, page));
  }

  scan(page: Page = {}): Promise<RecordPage> {
    return this.#read("list all sessions", () => this.#scan(page));
  }

  async deleteByUser(userId: string, except?: string): Promise<readonly string[]> {
    this.#checkOpen();
    const deletion = step("deleteByUser", toText(userId), except ?? null);
    return sidsIn(await this.#writes.add("delete the sessions of a user", deletion));
  }

  async deleteExpired({ now, limit }: SweepBudget): Promise<readonly string[]> {
    this.#checkOpen();
    return sidsIn(await this.#writes.add("delete expired sessions", step("deleteExpired", now, now, limit)));
  }

  stats(): Promise<StoreStats> {
    return this.#read("count its sessions", () => {
      const [sessions] = firstColumn(this.#statements.count);
      return { kind: "sqlite", sessions: plain(sessions) as number };
    });
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    try {
      await this.#writes.close();
    } catch (error) {
      throw storeError("end its writer thread", error);
    } finally {
      this.#parts.release();
    }
  }

  /** Begins to write the record after `change` over `from`. Only the record as it is now turns a change away. */
  #change(sid: string, change: SessionDelta, from?: SessionRecord): Committed | Replacing {
    const [record] = from === undefined ? this.#readable(sid) : [from];
    const next = record === undefined ? "gone" : applyDelta(record, change);
    if (record !== undefined && typeof next === "object") return this.#replace(record, next);
    if (from !== undefined) return this.#change(sid, change);
    return record === undefined || next === "gone" ? { status: "gone" } : { status: "conflict", record };
  }

  #replace(record: SessionRecord, next: SessionRecord): Replacing {
    const { sid } = record;
    if ((this.#ahead.get(sid) ?? record) === record) this.#ahead.set(sid, next);
    const update = step("update", ...changesOf(toRow(next)), ...toRow(record));
    return { record: next, isWritten: this.#written(sid, next, this.#writes.add(COMMITTING, update)) };
  }

  async #written(sid: string, next: SessionRecord, update: Promise<readonly Found[]>): Promise<boolean> {
    let isWritten = false;
    try {
      isWritten = sidsIn(await update).length === 1;
    } finally {
      // What was to go on top of a record that was not written is not written either.
      if (!isWritten || this.#ahead.get(sid) === next) this.#ahead.delete(sid);
    }
    return isWritten;
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
    const rows = this.#statements.page.all(toText(userId), absoluteExpiresAt, sid, limit) as Row[];
    return rows.map((row) => ({
      sid: row.sid as string,
      absoluteExpiresAt: plain(row.absolute_expires_at) as number,
    }));
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
      const record = readRecord(this.#statements, sid);
      return record === null ? [] : [record];
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

/** A record that is being written over the one before it. */
interface Replacing {
  readonly record: SessionRecord;
  /** False when the row was another one by then. */
  readonly isWritten: Promise<boolean>;
}

function step(name: keyof typeof SQL, ...parameters: readonly SqliteValue[]): Step {
  return [name, ...parameters];
}

function sidsIn([found = []]: readonly Found[]): string[] {
  return found.map(String);
}
