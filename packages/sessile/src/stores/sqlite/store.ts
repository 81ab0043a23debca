// The store's methods: reads at once on this thread's connection, writes through the queue. Knows neither file nor thread.

import { setTimeout } from "node:timers/promises";
import type { SessionDelta } from "../../core/delta.ts";
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
import { firstRow, isBusy, plain, type Row, texts } from "./port.ts";
import { freezeRecord, toText } from "./row.ts";
import { readKnown, readRecord, type Statements } from "./statements.ts";
import type { UnchangedRecords } from "./unchanged.ts";
import { WriteQueue, type Writer } from "./write-queue.ts";

/** Between attempts to read while another connection holds a lock that even readers wait for. Rare in WAL mode. */
const PAUSE = 10;

/** Before every position: no record ends before 1970. */
const START: Position = { absoluteExpiresAt: -1, sid: "" };

export interface SqliteStoreParts {
  readonly statements: Statements;
  readonly known: KnownRecords;
  /** Of `known`, on a file whose commits can be watched. */
  readonly unchanged: UnchangedRecords | null;
  readonly writer: Writer;
  readonly busyTimeout: number;
  /** Closes the database if the store opened it. */
  readonly release: () => void;
}

export class SqliteStore implements SessionStore {
  readonly #parts: SqliteStoreParts;
  readonly #statements: Statements;
  readonly #writes: WriteQueue;
  #closing: Promise<void> | null = null;

  constructor(parts: SqliteStoreParts) {
    this.#parts = parts;
    this.#statements = parts.statements;
    this.#writes = new WriteQueue(parts.writer, parts.busyTimeout);
  }

  async create(record: SessionRecord, limit?: UserLimit): Promise<Created> {
    this.#checkOpen();
    return this.#writes.add({ kind: "create", record, limit });
  }

  load(sid: string): Promise<SessionRecord | null> {
    return this.#read("load a session", () => this.#load(sid));
  }

  async commit(sid: string, delta: SessionDelta): Promise<Committed> {
    this.#checkOpen();
    const committed = await this.#writes.add({ kind: "commit", sid, delta });
    return committed.status === "gone" ? committed : { ...committed, record: freezeRecord(committed.record) };
  }

  async delete(sid: string): Promise<boolean> {
    this.#checkOpen();
    return this.#writes.add({ kind: "delete", sid });
  }

  list(userId: string, page: Page = {}): Promise<RecordPage> {
    return this.#read("list the sessions of a user", () => this.#page(userId, page));
  }

  scan(page: Page = {}): Promise<RecordPage> {
    return this.#read("list all sessions", () => this.#scan(page));
  }

  async deleteByUser(userId: string, except?: string): Promise<readonly string[]> {
    this.#checkOpen();
    return this.#writes.add({ kind: "deleteByUser", userId, except });
  }

  async deleteExpired(budget: SweepBudget): Promise<readonly string[]> {
    this.#checkOpen();
    return this.#writes.add({ kind: "deleteExpired", budget });
  }

  stats(): Promise<StoreStats> {
    return this.#read("count its sessions", () => {
      const [sessions] = Object.values(firstRow(this.#statements.count) ?? {});
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

  #load(sid: string): SessionRecord | null {
    this.#checkOpen();
    const { known, unchanged } = this.#parts;
    return unchanged?.get(sid) ?? readKnown(this.#statements, known, sid);
  }

  /** Reads at once. No transaction stays open while something is awaited: the log could not be emptied meanwhile. */
  async #read<T>(doing: string, read: () => T): Promise<T> {
    const until = performance.now() + this.#parts.busyTimeout;
    for (;;) {
      this.#checkOpen();
      try {
        return read();
      } catch (error) {
        if (!isBusy(error)) throw storeError(doing, error);
        if (performance.now() >= until) throw busyError(this.#parts.busyTimeout);
      }
      await setTimeout(PAUSE);
    }
  }

  /** Reads on past records that are not there any more or cannot be read, until the page is full or the list at its end. */
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
      const sids = texts(this.#statements.scan, from, limit + 1);
      const records = sids.slice(0, limit).flatMap((sid) => this.#readable(sid));
      if (sids.length <= limit) return { records, next: null };
      if (records.length > 0) return { records, next: records.at(-1)?.sid ?? null };
      from = sids[limit - 1] ?? from;
    }
  }

  /** The record, if it is there and can be read. A user's index may be damaged, so the record itself says whose it is. */
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
