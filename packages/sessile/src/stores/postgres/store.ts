// Records in Postgres, shared by any number of processes. Nearly every method is one statement: see `sql.ts`.

import type { SessionDelta } from "../../core/delta.ts";
import type { SessionRecord } from "../../core/record.ts";
import type {
  Committed,
  Created,
  Page,
  RecordPage,
  SessionStore,
  StoreStats,
  StoreTouches,
  UserLimit,
} from "../../core/store.ts";
import { isSid } from "../../core/token.ts";
import { KnownRecords } from "../known-records.ts";
import { failure } from "../network/calls.ts";
import { decodeRecord, encodeRecord, readableRecord } from "../network/codec.ts";
import { Commits, commitDelta, type Known, type Stored } from "../network/compared-commit.ts";
import { DEFAULT_PAGE, formatCursor, type Position, parseCursor, parseSid } from "../paging.ts";
import { type Touched, touchAll } from "../touch-all.ts";
import { EndedChannel } from "./ended-channel.ts";
import { PostgresLink, type Sql } from "./link.ts";
import type { PostgresPort, Value } from "./port.ts";
import { changingOf, checkPlace, type Found, foundIn, headIn, userKey } from "./rows.ts";
import { ensureSchema } from "./schema.ts";
import { Names, type Statements, statements } from "./sql.ts";

export interface Settings {
  readonly table: string;
  readonly deadline: number;
  readonly announce: boolean;
}

/** Of copies of records. */
const MOST_BYTES = 112 * 1024 ** 2;

/** Before every position: no session was created before 1970. */
const START: Position = { createdAt: -1, sid: "" };

export class PostgresStore implements SessionStore {
  readonly #link: PostgresLink;
  readonly #names: Names;
  readonly #sql: Statements;
  readonly #commits = new Commits();
  readonly #known = new KnownRecords(MOST_BYTES);
  /** `null` where ends are not announced. */
  readonly #channel: string | null;
  readonly #ended: EndedChannel | null;
  readonly watch?: (listener: (sid: string | null) => void) => () => void;
  /** The longest that a statement waits for a lock, in milliseconds as text. */
  readonly #wait: string;
  #schema: Promise<void> | null = null;
  #isSchemaKnown = false;
  /** The latest deadline that a sweep under way has reached, as `due` has it. */
  #sweptTo = 0;
  #isClosed = false;

  constructor(port: PostgresPort, { table, deadline, announce }: Settings) {
    this.#link = new PostgresLink(port, deadline);
    this.#names = new Names(table);
    this.#sql = statements(this.#names);
    const listen = announce ? port.listen?.bind(port) : undefined;
    const { channel } = this.#names;
    this.#channel = announce ? channel : null;
    const send = (message: string) => this.#run(this.#sql.announce, [channel, message]);
    const ended = listen ? new EndedChannel(listen, channel, send) : null;
    this.#ended = ended;
    if (ended !== null) this.watch = (listener) => ended.listen(listener);
    this.#wait = deadline === Number.POSITIVE_INFINITY ? "0" : String(deadline);
  }

  async create(record: SessionRecord, limit?: UserLimit): Promise<Created> {
    const { sid, userId, createdAt, data } = record;
    const [head, [expiresAt, due]] = [headIn(encodeRecord(record)), changingOf(record) as [string, string]];
    await this.#ready();
    const created = this.#link.run(this.#sql.create, [
      ...[sid, userId === null ? null : userKey(userId), String(createdAt), expiresAt, due, head, data],
      ...(limit === undefined ? [null, null] : [String(limit.max), limit.onExceeded]),
      ...[this.#channel, this.#wait],
    ]);
    // Its token will not be handed out. Nothing waits for this: at worst the record goes when its time is up.
    created.catch(() => this.#link.run(this.#sql.withdraw, [sid, head])).catch(() => {});
    const [[answer] = []] = await created;
    const [status, ...evicted] = (answer as string).trim().split(" ");
    return status === "created" ? { status, evicted } : { status: status as "exists" | "refused" };
  }

  async load(sid: string): Promise<SessionRecord | null> {
    if (!this.#isSchemaKnown) await this.#ready();
    this.#checkOpen();
    if (!isSid(sid)) return null;
    const text = await this.#text(sid);
    const known = this.#known.get(sid, text);
    if (known !== null || text === null) return known;
    const record = decodeRecord(text, sid);
    this.#known.add(record, text);
    return record;
  }

  /** Commits of one session in this process queue up, and each starts from what the one before wrote. */
  async commit(sid: string, delta: SessionDelta, base?: SessionRecord): Promise<Committed> {
    await this.#ready();
    if (!isSid(sid)) return { status: "gone" };
    const began = this.#link.endsAt();
    return this.#commits.run(sid, base, (newest, hasWaited) => {
      const endsAt = hasWaited ? this.#link.endsAt() : began; // Postgres has just answered the commit before
      const isTouch = Object.keys(delta).every((name) => /^(at|touch|ifCreatedAt)$/.test(name));
      const replace = isTouch ? this.#sql.touch : this.#sql.replace;
      return commitDelta(this.#stored(sid, replace, endsAt), delta, newest);
    });
  }

  touch(touches: StoreTouches): Promise<void> {
    return touchAll(this, touches, (touched) => this.#touch(touched));
  }

  async delete(sid: string): Promise<boolean> {
    await this.#ready();
    if (!isSid(sid)) return false;
    return (await this.#run(this.#sql.delete, [sid, this.#channel, this.#wait])).length === 1;
  }

  async list(userId: string, { limit = DEFAULT_PAGE, after }: Page = {}): Promise<RecordPage> {
    const from = after === undefined ? START : parseCursor(after);
    return this.#page(limit, from, formatCursor, ({ createdAt, sid }) =>
      this.#read(this.#sql.list, [userKey(userId), String(createdAt), sid, String(limit + 1)]),
    );
  }

  async scan({ limit = DEFAULT_PAGE, after }: Page = {}): Promise<RecordPage> {
    const from = { ...START, sid: parseSid(after) };
    const cursorOf = ({ sid }: Position) => sid;
    return this.#page(limit, from, cursorOf, ({ sid }) => this.#read(this.#sql.scan, [sid, String(limit + 1)]));
  }

  async deleteByUser(userId: string, except?: string): Promise<readonly string[]> {
    const kept = except === undefined || !isSid(except) ? null : except;
    const values = [userKey(userId), kept, this.#channel, this.#wait];
    const [[ended] = []] = await this.#run(this.#sql.deleteByUser, values);
    return ended ? ended.split(" ") : [];
  }

  async deleteExpired({ now, limit }: { now: number; limit: number }): Promise<readonly string[]> {
    const rows = await this.#run(this.#sql.deleteExpired, [String(now), String(limit), String(this.#sweptTo)]);
    const last = rows.reduce((latest, [, due]) => Math.max(latest, Number(due)), 0);
    this.#sweptTo = rows.length < limit ? 0 : last; // the next sweep finds what others had locked
    return rows.map(([sid]) => sid as string);
  }

  /** Beyond a thousand sessions their number is the one that Postgres' own upkeep last found. */
  async stats(): Promise<StoreStats> {
    const [, counted, estimated] = await this.#read(this.#sql.count, []);
    const [few, many] = [Number(counted), Number(estimated)];
    const isCounted = few <= 1000;
    const sessions = isCounted ? few : Math.max(few, many);
    return { kind: "postgres", sessions, ...(!isCounted && { isEstimate: true }), circuit: this.#link.circuit };
  }

  /** The pool was handed in, so it stays open. */
  async close(): Promise<void> {
    this.#ended?.close();
    this.#isClosed = true;
  }

  #stored(sid: string, replace: Sql, endsAt: number): Stored {
    const read = async () => knownOf(await this.#text(sid, endsAt), sid);
    return {
      markOf: (record) => headIn(this.#known.textOf(record) ?? encodeRecord(record)),
      read,
      // A second statement, because the snapshot of the first may be older than the row that it waited for.
      replace: async ({ record, mark }, next, { at, userLimit }) => {
        const { userId, createdAt } = next;
        const text = encodeRecord(next);
        const data = next.data === record.data ? null : next.data;
        const values = [sid, mark, headIn(text), data, ...changingOf(next), this.#wait];
        const evicted: string[] = [];
        if (userId === record.userId) {
          if ((await this.#link.run(replace, values, endsAt)).length !== 1) return read();
        } else {
          const owner = [userId === null ? null : userKey(userId), String(createdAt), String(at)];
          const limit = userLimit === undefined ? [null, null] : [String(userLimit.max), userLimit.onExceeded];
          const all = [...values, ...owner, ...limit, this.#channel];
          const [[answer] = []] = await this.#link.run(this.#sql.move, all, endsAt);
          const [status, ...sids] = (answer as string).trim().split(" ");
          if (status !== "written") return status === "refused" ? status : read();
          evicted.push(...sids);
        }
        this.#known.add(next, text);
        return evicted;
      },
    };
  }

  /** Resolves to the sids of those that were still the expected ones, and that no other transaction had locked. */
  async #touch(touched: readonly Touched[]): Promise<readonly string[]> {
    const texts = touched.map(({ next }) => encodeRecord(next));
    const rows = touched.map(({ record, next }, i) => {
      const mark = headIn(this.#known.textOf(record) ?? encodeRecord(record));
      return [next.sid, mark, headIn(texts[i] as string), ...changingOf(next)];
    });
    const columns = [0, 1, 2, 3, 4].map((column) => rows.map((row) => row[column]).join("\n"));
    const written = new Set((await this.#run(this.#sql.touchAll, columns)).map(([sid]) => sid as string));
    for (const [i, { next }] of touched.entries()) if (written.has(next.sid)) this.#known.add(next, texts[i] as string);
    return [...written];
  }

  async #text(sid: string, endsAt?: number): Promise<string | null> {
    const [row] = await this.#link.run(this.#sql.load, [sid], endsAt);
    return checkPlace(row)[1] ?? null;
  }

  /** Skips rows that cannot be read, until the page is full or the list at its end. */
  async #page(
    limit: number,
    start: Position,
    cursorOf: (position: Position) => string,
    read: (from: Position) => Promise<readonly Value[]>,
  ): Promise<RecordPage> {
    const found: Found[] = [];
    for (let from = start; ; ) {
      const rows = foundIn((await read(from))[1]);
      found.push(...rows.filter(({ record }) => record !== null));
      if (rows.length <= limit || found.length > limit) break;
      from = (rows.at(-1) as Found).position;
    }
    const page = found.slice(0, limit);
    const next = found.length > limit ? cursorOf((page.at(-1) as Found).position) : null;
    return { records: page.map(({ record }) => record as SessionRecord), next };
  }

  async #read(sql: Sql, values: readonly Value[]): Promise<readonly Value[]> {
    return checkPlace((await this.#run(sql, values))[0]);
  }

  async #run(sql: Sql, values: readonly Value[]): Promise<readonly (readonly Value[])[]> {
    await this.#ready();
    return this.#link.run(sql, values);
  }

  async #ready(): Promise<void> {
    this.#checkOpen();
    this.#schema ??= ensureSchema(this.#link, this.#names, this.#sql);
    try {
      await this.#schema;
      this.#isSchemaKnown = true;
    } catch (error) {
      this.#schema = null;
      throw error;
    }
  }

  #checkOpen(): void {
    if (this.#isClosed) throw failure("The Postgres store is closed.");
  }
}

function knownOf(text: string | null, sid: string): Known | null {
  const record = readableRecord(text, sid);
  return record && { record, mark: headIn(text as string) };
}
