// Records in Redis or Valkey, shared by any number of processes. Each method is a short list of steps of its own file.

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
import { decodeRecord, readableRecord } from "../network/codec.ts";
import { Commits, commitDelta } from "../network/compared-commit.ts";
import { type Touched, touchAll } from "../touch-all.ts";
import { storedRecord } from "./commit.ts";
import { createRecord } from "./create.ts";
import { EndedChannel } from "./ended-channel.ts";
import { checkLayout, RedisKeys } from "./keys.ts";
import { failure, RedisLink } from "./link.ts";
import type { RedisPort } from "./port.ts";
import { Records } from "./records.ts";
import { scanRecords } from "./scan.ts";
import { SessionCount } from "./session-count.ts";
import { StrictRecords } from "./strict/strict-records.ts";
import { touchRecords } from "./touch.ts";
import { UserIndex } from "./user-index.ts";
import { listByUser, revokeByUser } from "./walk.ts";

interface Settings {
  readonly prefix: string;
  readonly deadline: number;
  readonly confirmReplicas?: number;
}

/** Of copies of records. */
const MOST_BYTES = 112 * 1024 ** 2;

export class RedisStore implements SessionStore {
  /** For a cache in front of this store. */
  readonly port: RedisPort;
  readonly keys: RedisKeys;
  readonly #link: RedisLink;
  readonly #records: Records;
  readonly #ended: EndedChannel;
  readonly #count: SessionCount;
  readonly #commits = new Commits();
  /** Absent on a Cluster, where the sessions of one call lie in as many slots. */
  readonly touch?: (touches: StoreTouches) => Promise<void>;
  #known: KnownRecords | null = new KnownRecords(MOST_BYTES);
  #layout: Promise<void> | null = null;
  #isLayoutKnown = false;
  #isClosed = false;

  constructor(port: RedisPort, { prefix, deadline, confirmReplicas = 0 }: Settings) {
    const [keys, link] = [new RedisKeys(prefix, port.keyPrefix), new RedisLink(port, deadline)];
    this.port = port;
    this.keys = keys;
    this.#link = link;
    this.#records =
      confirmReplicas > 0 ? new StrictRecords(link, keys, port, confirmReplicas) : new Records(link, keys);
    this.#ended = new EndedChannel(port, keys.ended);
    this.#count = new SessionCount(port, keys, link);
    if (port.holdsAllKeys) this.touch = (touches) => touchAll(this, touches, (touched) => this.#touch(touched));
  }

  async create(record: SessionRecord, limit?: UserLimit): Promise<Created> {
    await this.#ready();
    const created = await createRecord(this.#records, record, limit);
    if (created.status === "created") for (const sid of created.evicted) this.#ended.announce(sid);
    return created;
  }

  async load(sid: string): Promise<SessionRecord | null> {
    if (this.#isLayoutKnown) this.#checkOpen();
    else await this.#ready();
    if (!isSid(sid)) return null;
    const text = await this.#records.load(sid);
    return text === null ? null : this.#recordOf(text, sid);
  }

  /** Commits of one session in this process queue up, and each starts from what the one before wrote. */
  async commit(sid: string, delta: SessionDelta, base?: SessionRecord): Promise<Committed> {
    await this.#ready();
    if (!isSid(sid)) return { status: "gone" };
    const began = this.#link.endsAt();
    const answer = await this.#commits.run(sid, base, (newest, hasWaited) => {
      const endsAt = hasWaited ? this.#link.endsAt() : began; // Redis has just answered the commit before
      return commitDelta(storedRecord(this.#records, sid, endsAt), delta, newest);
    });
    if (answer.status === "ok") for (const evicted of answer.evicted ?? []) this.#ended.announce(evicted);
    return answer;
  }

  /**
   * Once the record is gone, so is the session: an entry that stays in the user's index is skipped and forgotten later.
   */
  async delete(sid: string): Promise<boolean> {
    await this.#ready();
    const text = isSid(sid) ? await this.#records.take(sid) : null;
    if (text === null) return false;
    this.#ended.announce(sid);
    const userId = readableRecord(text, sid)?.userId;
    if (userId != null) await new UserIndex(this.#records, userId).forget(["c", "p"], [sid]).catch(() => {});
    return true;
  }

  async list(userId: string, page: Page = {}): Promise<RecordPage> {
    await this.#ready();
    return listByUser(this.#records, userId, page);
  }

  async scan(page: Page = {}): Promise<RecordPage> {
    await this.#ready();
    return scanRecords(this.port, this.#records, page);
  }

  async deleteByUser(userId: string, except?: string): Promise<readonly string[]> {
    await this.#ready();
    const ended = await revokeByUser(this.#records, userId, except);
    for (const sid of ended) this.#ended.announce(sid);
    return ended;
  }

  /** Redis drops expired records by itself, a margin after their deadline. */
  async deleteExpired(): Promise<readonly string[]> {
    this.#checkOpen();
    return [];
  }

  /** The number of sessions is up to ten seconds old. */
  async stats(): Promise<StoreStats> {
    this.#checkOpen();
    return { kind: "redis", ...(await this.#count.read()), circuit: this.#link.circuit };
  }

  watch(listener: (sid: string | null) => void): () => void {
    return this.#ended.listen(listener);
  }

  /** For a cache in front, which keeps records within bounds of its own. */
  keepNoRecords(): void {
    this.#known = null;
  }

  /** The client was handed in, so it stays open. */
  async close(): Promise<void> {
    this.#ended.close();
    this.#records.close();
    this.#isClosed = true;
  }

  async #touch(touched: readonly Touched[]): Promise<readonly string[]> {
    await this.#ready();
    return touchRecords(this.#records, this.#known, touched);
  }

  #recordOf(text: string, sid: string): SessionRecord {
    const known = this.#known?.get(sid, text);
    if (known != null) return known;
    const record = decodeRecord(text, sid);
    this.#known?.add(record, text);
    return record;
  }

  async #ready(): Promise<void> {
    this.#checkOpen();
    this.#layout ??= checkLayout(this.#link, this.keys);
    try {
      await this.#layout;
      this.#isLayoutKnown = true;
    } catch (error) {
      this.#layout = null;
      throw error;
    }
  }

  #checkOpen(): void {
    if (this.#isClosed) throw failure("The Redis store is closed.");
  }
}
