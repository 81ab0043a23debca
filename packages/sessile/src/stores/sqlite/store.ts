// The SQLite store: reads run at once on the connection of the calling thread, writes go through the queue.

import { setTimeout } from "node:timers/promises";
import { applyDelta, type SessionDelta } from "../../core/delta.ts";
import { isSessionError } from "../../core/errors.ts";
import type { SessionRecord } from "../../core/record.ts";
import {
  type Committed,
  type Created,
  committed,
  type Page,
  type RecordPage,
  type SessionStore,
  type StoreStats,
  type StoreTouches,
  type UserLimit,
} from "../../core/store.ts";
import { KnownRecords } from "../known-records.ts";
import { byAge, DEFAULT_PAGE, type Position, parseCursor, parseSid, slicePage } from "../paging.ts";
import { type Touched, touchAll } from "../touch-all.ts";
import type { FileIdentity } from "./database-file.ts";
import { firstColumn, valuesOf } from "./driver.ts";
import { busyError, isBusy, isDriverFailure, storeError } from "./errors.ts";
import { changesOf, checksumIn, fromText, textOfRow, toRow, toText, unreadable } from "./row.ts";
import type { Statements } from "./statements.ts";
import { type Step, WriteQueue, type Writer } from "./write-queue.ts";

/**
 * Milliseconds between attempts to read while another connection holds a lock that blocks readers. Rare in WAL mode.
 */
const PAUSE = 10;

/** Before every position: no record ends before 1970. */
const START: Position = { createdAt: -1, sid: "" };

const COMMITTING = "commit a change";

interface Parts {
  readonly statements: Statements;
  readonly writer: Writer;
  /** `null` for a database in memory. */
  readonly file: FileIdentity | null;
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
  /** Records as they will be if the commits under way succeed: a commit that comes meanwhile builds on them. */
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
    const creating = this.#writes.add(
      "create a session",
      ["exists", record.sid],
      ["evict", evictable, record.createdAt, others, record.sid],
      ["insert", ...toRow(record), user, record.createdAt, others],
    );
    creating.catch((error: unknown) => this.#withdraw(record, error));
    const [exists, evicted = [], inserted] = await creating;
    if (exists?.length) return { status: "exists" };
    return inserted?.length ? { status: "created", evicted } : { status: "refused" };
  }

  load(sid: string): Promise<SessionRecord | null> {
    return this.#read("load a session", () => this.#load(sid));
  }

  /**
   * Makes the change here and writes it only over the row that it was made for; otherwise makes it again. A `base`, or
   * the result of a commit under way, saves reading the row, but only the row itself can turn the change away.
   */
  async commit(sid: string, delta: SessionDelta, base?: SessionRecord): Promise<Committed> {
    const until = performance.now() + this.#parts.busyTimeout;
    const change = JSON.parse(JSON.stringify(delta)) as SessionDelta;
    for (let hint = base, isRefused = false; ; hint = undefined) {
      const found = hint ?? (await this.#current(sid));
      const record = isRefused ? found : (this.#ahead.get(sid) ?? found);
      if (record === null) return { status: "gone" };
      const next = applyDelta(record, change);
      if (typeof next === "object") {
        const answer = await this.#replace(record, next, change);
        if (answer !== null) return answer;
        if (performance.now() >= until) throw busyError(this.#parts.busyTimeout);
        isRefused = false;
      } else if (isRefused) return next === "gone" ? { status: next } : { status: next, record };
      else isRefused = true;
    }
  }

  touch(touches: StoreTouches): Promise<void> {
    return touchAll(this, touches, (touched) => this.#touch(touched));
  }

  async delete(sid: string): Promise<boolean> {
    const [deleted] = await this.#writes.add("delete a session", ["delete", sid]);
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
    const [ended = []] = await this.#writes.add("delete the sessions of a user", deletion);
    return ended;
  }

  async deleteExpired({ now, limit }: { now: number; limit: number }): Promise<readonly string[]> {
    const [ended = []] = await this.#writes.add("delete expired sessions", ["deleteExpired", now, now, limit]);
    return ended;
  }

  stats(): Promise<StoreStats> {
    const count = () => Number(firstColumn(this.#statements.count)[0]);
    return this.#read("count its sessions", () => ({ kind: "sqlite", sessions: count() }));
  }

  close(): Promise<void> {
    this.#closing ??= this.#writes.close().finally(this.#parts.release);
    return this.#closing;
  }

  /** `null` when there is none. A row whose text is the same as when it was last read is not parsed again. */
  #load(sid: string): SessionRecord | null {
    let row: unknown;
    try {
      row = this.#statements.load.get(sid);
    } catch (error) {
      // Damage put a value into the row that JSON does not have.
      throw /\bBLOB\b/.test(String(error)) ? unreadable(sid) : error;
    }
    const text = row ? (valuesOf(row)[0] as string) : null;
    const known = this.#known.get(sid, text);
    if (known !== null || text === null) return known;
    const record = fromText(sid, text);
    this.#known.add(record, text);
    return record;
  }

  /** `null` for a damaged record too: no delta can be applied to it. */
  #current(sid: string): Promise<SessionRecord | null> {
    return this.#read(COMMITTING, () => this.#load(sid)).catch((error: unknown) => {
      if (isSessionError(error, "ERR_SESSION_RECORD")) return null;
      throw error;
    });
  }

  /** What failed may have been written all the same. Its token will not be handed out, and nothing waits for this. */
  #withdraw(record: SessionRecord, error: unknown): void {
    if (isDriverFailure(error)) this.#writes.add("withdraw a session", ["withdraw", ...toRow(record)]).catch(() => {});
  }

  /** Writes `next` over `record`. `null` when the row was another one by then. */
  async #replace(record: SessionRecord, next: SessionRecord, change: SessionDelta): Promise<Committed | null> {
    const { sid } = record;
    if ((this.#ahead.get(sid) ?? record) === record) this.#ahead.set(sid, next);
    let isWritten = false;
    try {
      const isMoved = next.userId !== record.userId;
      const steps = isMoved ? moveSteps(record, next, change) : [updateStep(record, next)];
      const found = await this.#writes.add(COMMITTING, ...steps);
      isWritten = found.at(-1)?.length === 1;
      if (isWritten) return committed(next, isMoved ? found[1] : []);
      return isMoved && found[0]?.length === 1 ? { status: "refused" } : null;
    } finally {
      // After a failure the commits that built on `next` will not be written either.
      if (!isWritten || this.#ahead.get(sid) === next) this.#ahead.delete(sid);
    }
  }

  /** All in one transaction. Resolves to the sids of those whose row was the expected one. */
  async #touch(all: readonly Touched[]): Promise<readonly string[]> {
    // A commit that is under way has made the row another one by the time of this.
    const touched = all.filter(({ record }) => !this.#ahead.has(record.sid));
    const rows = touched.map(({ next }) => textOfRow(next));
    const steps = touched.map(({ record, next }, i): Step => {
      const { sid, lastSeenAt, expiresAt, writes } = next;
      const known = this.#known.textOf(record);
      const before = known === null ? textOfRow(record).checksum : checksumIn(known);
      return ["touch", lastSeenAt, expiresAt, writes, rows[i]?.checksum as number, sid, record.writes, before];
    });
    const found = steps.length > 0 ? await this.#writes.add("touch sessions", ...steps) : [];
    const written = touched.flatMap(({ next }, i) => (found[i]?.length === 1 ? [{ next, row: rows[i] }] : []));
    for (const { next, row } of written) this.#known.add(next, row?.text as string);
    return written.map(({ next }) => next.sid);
  }

  /** Reads at once. No transaction stays open across an `await`: the log could not be emptied meanwhile. */
  async #read<T>(doing: string, read: () => T): Promise<T> {
    const until = performance.now() + this.#parts.busyTimeout;
    for (;;) {
      this.#writes.checkOpen();
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

  /** Skips records that are gone or cannot be read, until the page is full or the list at its end. */
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

  #positions(userId: string, { createdAt, sid }: Position, limit: number): Position[] {
    const rows = this.#statements.page.all(toText(userId), createdAt, sid, limit).map(valuesOf);
    return rows.map(([found, at]) => ({ sid: String(found), createdAt: Number(at) }));
  }

  /** The next page begins after the last sid of a readable record: the sid of a damaged one may be no cursor. */
  #scan({ limit = DEFAULT_PAGE, after }: Page): RecordPage {
    for (let from = parseSid(after); ; ) {
      const sids = firstColumn(this.#statements.scan, from, limit + 1).map(String);
      const records = sids.slice(0, limit).flatMap((sid) => this.#readable(sid));
      if (sids.length <= limit) return { records, next: null };
      if (records.length > 0) return { records, next: records.at(-1)?.sid ?? null };
      from = sids[limit - 1] ?? from;
    }
  }

  /** The record, if it exists and can be read. Its owner is in the record itself: a user's index may be damaged. */
  #readable(sid: string): SessionRecord[] {
    try {
      const record = this.#load(sid);
      return record === null ? [] : [record];
    } catch (error) {
      if (isSessionError(error, "ERR_SESSION_RECORD")) return [];
      throw error;
    }
  }
}

function updateStep(record: SessionRecord, next: SessionRecord): Step {
  return ["update", ...changesOf(toRow(next), false), ...toRow(record)];
}

/** The session becomes another user's, within the limit. The steps find whether it is still `record`, and who ends. */
function moveSteps(record: SessionRecord, next: SessionRecord, { at, userLimit: limit }: SessionDelta): Step[] {
  const row = toRow(record);
  const user = limit === undefined || next.userId === null ? null : toText(next.userId);
  const evictable = limit?.onExceeded === "evictOldest" ? user : null;
  const others = (limit?.max ?? 1) - 1;
  return [
    ["same", ...row],
    ["evictFor", evictable, at, others, ...row],
    ["move", ...changesOf(toRow(next), true), ...row, user, at, others],
  ];
}
