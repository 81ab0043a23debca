// The memory store: records in this process, bounded. For development, tests and single processes: a restart ends every
// session.

import { crc32 } from "node:zlib";
import { applyDelta, type SessionDelta } from "../core/delta.ts";
import { SessionError } from "../core/errors.ts";
import { type Rule, resolve, wholeNumber } from "../core/options.ts";
import type { SessionRecord } from "../core/record.ts";
import { isExpired } from "../core/record.ts";
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
} from "../core/store.ts";
import { byAge, DEFAULT_PAGE, parseSid, slicePage } from "./paging.ts";
import { SidMap } from "./sid-map.ts";

/** Bounds of the memory that sessions take. */
export interface MemoryStoreOptions {
  /** Limit of sessions; at the limit a sign-in gets a 503. Anonymous sessions get at most half of it. Default 1,000,000. */
  readonly maxSessions?: number;
  /**
   * Limit of the bytes of session data, as UTF-16 text; at the limit a write gets a 503. Anonymous sessions get at most
   * half of it. Default 1 GiB.
   */
  readonly maxBytes?: number;
}

const RULES = {
  maxSessions: [...wholeNumber(1), 1_000_000],
  maxBytes: [...wholeNumber(1), 1024 ** 3],
} satisfies { [Name in keyof MemoryStoreOptions]-?: Rule };

/**
 * Milliseconds of a sweep between pauses. Not a number of records, because their time depends on whether code is
 * compiled.
 */
const SWEEP_SLICE = 1;

/** Makes a store in memory. No method waits inside, so each is atomic. */
export function memoryStore(options: MemoryStoreOptions = {}): SessionStore {
  return new MemoryStore(options);
}

class MemoryStore implements SessionStore {
  readonly #records = new SidMap<SessionRecord>();
  /** The sids of each user. Most users have one, and a set is as large as the rest of a session. */
  readonly #byUser = new SidMap<string | Set<string>>((userId) => crc32(userId) % 4096);
  readonly #room: Room;
  /** A part of the room, so that visitors cannot keep users from signing in. */
  readonly #anonymousRoom: Room;
  readonly #watchers = new Set<(sid: string) => void>();
  #sweep: Iterator<[string, SessionRecord]> | null = null;
  #isClosed = false;

  constructor(options: MemoryStoreOptions) {
    const { maxSessions, maxBytes }: Required<MemoryStoreOptions> = resolve(RULES, options);
    this.#room = new Room(maxSessions, maxBytes);
    this.#anonymousRoom = new Room(Math.ceil(maxSessions / 2), Math.ceil(maxBytes / 2), " for anonymous sessions");
  }

  async create(record: SessionRecord, limit?: UserLimit): Promise<Created> {
    this.#checkOpen();
    if (this.#records.get(record.sid)) return { status: "exists" };
    const excess = this.#excess(record, limit, record.createdAt);
    if (excess.length > 0 && limit?.onExceeded === "refuse") return { status: "refused" };
    this.#checkRoom(record, excess);
    const evicted = excess.map(({ sid }) => sid);
    for (const sid of evicted) this.#remove(sid);
    this.#enter(record);
    this.#records.set(record.sid, Object.freeze({ ...record }));
    return { status: "created", evicted };
  }

  async load(sid: string): Promise<SessionRecord | null> {
    this.#checkOpen();
    return this.#records.get(sid) ?? null;
  }

  peek(sid: string): SessionRecord | null {
    return this.#isClosed ? null : (this.#records.get(sid) ?? null);
  }

  async commit(sid: string, delta: SessionDelta): Promise<Committed> {
    this.#checkOpen();
    const record = this.#records.get(sid);
    if (record === undefined) return { status: "gone" };
    const next = applyDelta(record, delta);
    if (next === "gone") return { status: next };
    if (next === "conflict") return { status: next, record };
    const isMoved = next.userId !== record.userId;
    const excess = isMoved ? this.#excess(next, delta.userLimit, delta.at) : [];
    if (excess.length > 0 && delta.userLimit?.onExceeded === "refuse") return { status: "refused" };
    this.#checkRoom(next, [record, ...excess]);
    const evicted = excess.map((each) => each.sid);
    for (const each of evicted) this.#remove(each);
    if (isMoved) {
      this.#leave(record);
      this.#enter(next);
    } else for (const room of this.#roomsOf(next)) room.bytes += bytesOf(next) - bytesOf(record);
    this.#records.set(sid, next);
    return committed(next, evicted);
  }

  async touch(touches: StoreTouches): Promise<void> {
    this.#checkOpen();
    for (const [sid, delta] of touches) {
      const record = this.#records.get(sid);
      const next = record && applyDelta(record, delta);
      if (typeof next === "object") this.#records.set(sid, next);
    }
  }

  async delete(sid: string): Promise<boolean> {
    this.#checkOpen();
    return this.#remove(sid);
  }

  async list(userId: string, page: Page = {}): Promise<RecordPage> {
    this.#checkOpen();
    return slicePage(this.#recordsOf(userId), page);
  }

  async scan({ limit = DEFAULT_PAGE, after }: Page = {}): Promise<RecordPage> {
    this.#checkOpen();
    const found = this.#records.following(parseSid(after), limit + 1);
    const records = this.#recordsAt(found.slice(0, limit));
    return { records, next: found.length > limit ? (records.at(-1)?.sid ?? null) : null };
  }

  async deleteByUser(userId: string, except?: string): Promise<readonly string[]> {
    this.#checkOpen();
    return this.#sidsOf(userId).filter((sid) => sid !== except && this.#remove(sid));
  }

  /**
   * Visits every record at most once, in slices with pauses for other work. The one method that is not atomic, because
   * no promise needs it. The next call continues at the point where this one stopped.
   */
  async deleteExpired({ now, limit }: { now: number; limit: number }): Promise<readonly string[]> {
    this.#checkOpen();
    const expired: string[] = [];
    let until = 0;
    for (let left = this.#records.size; left >= 0 && expired.length < limit; left--) {
      if (performance.now() >= until) {
        await new Promise((resolve) => setImmediate(resolve));
        until = performance.now() + SWEEP_SLICE;
      }
      this.#sweep ??= this.#records.entries();
      const { value, done } = this.#sweep.next();
      if (done) this.#sweep = null;
      else if (isExpired(value[1], now) && this.#remove(value[0])) expired.push(value[0]);
    }
    return expired;
  }

  async stats(): Promise<StoreStats> {
    this.#checkOpen();
    return { kind: "memory", sessions: this.#records.size };
  }

  watch(listener: (sid: string) => void): () => void {
    this.#watchers.add(listener);
    return () => this.#watchers.delete(listener);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#watchers.clear();
    this.#records.clear();
    this.#byUser.clear();
  }

  /** The sessions live at `now` that must end so that one more of the user keeps within the limit, oldest first. */
  #excess({ userId }: SessionRecord, limit: UserLimit | undefined, now: number): SessionRecord[] {
    if (limit === undefined) return [];
    const live = this.#recordsOf(userId).filter((record) => !isExpired(record, now));
    return live.slice(0, Math.max(live.length - limit.max + 1, 0));
  }

  #recordsOf(userId: string | null): SessionRecord[] {
    return this.#recordsAt(this.#sidsOf(userId)).sort(byAge);
  }

  #recordsAt(sids: readonly string[]): SessionRecord[] {
    return sids.map((sid) => this.#records.get(sid) as SessionRecord);
  }

  /** Takes the record's room, and its place among its user's. */
  #enter(record: SessionRecord): void {
    const { sid, userId } = record;
    for (const room of this.#roomsOf(record)) room.add(record);
    if (userId === null) return;
    const others = this.#byUser.get(userId);
    if (typeof others === "object") others.add(sid);
    else this.#byUser.set(userId, others === undefined ? sid : new Set([others, sid]));
  }

  #remove(sid: string): boolean {
    const record = this.#records.get(sid);
    if (record === undefined) return false;
    this.#leave(record);
    this.#records.delete(sid);
    // later, because a listener may call the store, and no method may run inside another
    for (const listener of this.#watchers) queueMicrotask(() => listener(sid));
    return true;
  }

  #leave(record: SessionRecord): void {
    for (const room of this.#roomsOf(record)) room.remove(record);
    if (record.userId !== null) this.#forget(record.userId, record.sid);
  }

  #sidsOf(userId: string | null): readonly string[] {
    const sids = userId === null ? undefined : this.#byUser.get(userId);
    return typeof sids === "string" ? [sids] : [...(sids ?? [])];
  }

  #forget(userId: string, sid: string): void {
    const sids = this.#byUser.get(userId);
    if (typeof sids === "object") sids.delete(sid);
    if (sids === sid || (sids as Set<string>).size === 0) this.#byUser.delete(userId);
  }

  /** Throws if there is no room for `record` in the place of `others`. */
  #checkRoom(record: SessionRecord, others: readonly SessionRecord[]): void {
    for (const room of this.#roomsOf(record)) room.check(record, others);
  }

  #roomsOf({ userId }: Pick<SessionRecord, "userId">): readonly Room[] {
    return userId === null ? [this.#room, this.#anonymousRoom] : [this.#room];
  }

  #checkOpen(): void {
    if (this.#isClosed) throw new SessionError("ERR_SESSION_STORE", "The memory store is closed.");
  }
}

/** A limit of sessions and bytes, and the present numbers. */
class Room {
  sessions = 0;
  bytes = 0;
  readonly #maxSessions: number;
  readonly #maxBytes: number;
  readonly #forWhom: string;

  constructor(maxSessions: number, maxBytes: number, forWhom = "") {
    this.#maxSessions = maxSessions;
    this.#maxBytes = maxBytes;
    this.#forWhom = forWhom;
  }

  add(record: Pick<SessionRecord, "data">): void {
    this.sessions++;
    this.bytes += bytesOf(record);
  }

  remove(record: Pick<SessionRecord, "data">): void {
    this.sessions--;
    this.bytes -= bytesOf(record);
  }

  check(record: SessionRecord, others: readonly SessionRecord[]): void {
    const more = others.reduce((bytes, other) => bytes - bytesOf(other), bytesOf(record));
    if (this.sessions - others.length >= this.#maxSessions) throw this.#full(`\`maxSessions\` (${this.#maxSessions})`);
    if (more > 0 && this.bytes + more > this.#maxBytes) throw this.#full(`\`maxBytes\` (${this.#maxBytes})`);
  }

  #full(limit: string): SessionError {
    return new SessionError(
      "ERR_SESSION_STORE",
      `The memory store is full: ${limit}${this.#forWhom} is reached. Raise it, or use SQLite or Redis.`,
    );
  }
}

function bytesOf({ data }: Pick<SessionRecord, "data">): number {
  return data.length * 2;
}
