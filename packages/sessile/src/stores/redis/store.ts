// Records in Redis or Valkey, shared by any number of processes. Each method is a short list of steps of its own file.

import type { SessionDelta } from "../../core/delta.ts";
import type { SessionRecord } from "../../core/record.ts";
import type { Committed, Created, Page, RecordPage, SessionStore, StoreStats, UserLimit } from "../../core/store.ts";
import { isSid } from "../../core/token.ts";
import { KnownRecords } from "../known-records.ts";
import type { RedisClient, RedisPort } from "./client.ts";
import { decodeRecord, readableRecord } from "./codec.ts";
import { commitDelta } from "./commit.ts";
import { ConfirmedDeletes } from "./confirmed-deletes.ts";
import { createAnonymous, createForUser } from "./create.ts";
import { EndedChannel } from "./ended-channel.ts";
import { KeyedQueue } from "./keyed-queue.ts";
import { checkLayout, RedisKeys } from "./keys.ts";
import { failure, RedisLink } from "./link.ts";
import { ENDING, type Reach, readText, takeText } from "./records.ts";
import { scanRecords } from "./scan.ts";
import { SessionCount, UNKNOWN } from "./session-count.ts";
import { togetherOf } from "./together.ts";
import { forget } from "./user-index.ts";
import { listByUser, revokeByUser } from "./walk.ts";

interface Settings {
  readonly prefix: string;
  readonly deadline: number;
  readonly confirmReplicas?: number;
}

/** Commits of one session that are under way or wait in this process. Whoever writes faster than Redis answers must not fill the memory. */
const MOST_COMMITS = 1000;

/** Of copies of records. */
const MOST_BYTES = 112 * 1024 ** 2;

/** What a cache in front of this store has to know. */
export interface Origin {
  readonly client: RedisClient;
  /** How the keys of sessions begin; and those by which a cache finds out whether it hears of changes. */
  readonly prefixes: { readonly session: string; readonly beat: string };
}

export class RedisStore implements SessionStore {
  /** Absent where no client was handed in. */
  readonly origin: Origin | undefined;
  readonly #client: RedisClient | undefined;
  readonly #prefix: string;
  readonly #reach: Reach;
  readonly #ended: EndedChannel | undefined;
  readonly #count: SessionCount | undefined;
  readonly #commits = new KeyedQueue<Committed>();
  #known: KnownRecords | null = new KnownRecords(MOST_BYTES);
  #layout: Promise<void> | null = null;
  #isLayoutKnown = false;
  #isClosed = false;

  /** Without `client` nobody is told of sessions that end and no replica is asked. */
  constructor(port: RedisPort, { prefix, deadline, confirmReplicas = 0 }: Settings, client?: RedisClient) {
    const [keys, link] = [new RedisKeys(prefix), new RedisLink(port, deadline)];
    this.#client = client;
    this.#prefix = prefix;
    const isConfirmed = client !== undefined && confirmReplicas > 0;
    const deletes = isConfirmed && { deletes: new ConfirmedDeletes(togetherOf(client), link, confirmReplicas) };
    this.#reach = { link, keys, ...deletes };
    this.#ended = client && new EndedChannel(client, keys.ended);
    this.#count = client && new SessionCount(client, prefix, link);
    this.origin = client && { client, prefixes: { session: keys.session(""), beat: keys.beat } };
  }

  async create(record: SessionRecord, limit?: UserLimit): Promise<Created> {
    await this.#ready();
    if (record.userId === null) return createAnonymous(this.#reach, record);
    const created = await createForUser(this.#reach, record.userId, record, limit);
    if (created.status === "created") for (const sid of created.evicted) this.#ended?.announce(sid);
    return created;
  }

  async load(sid: string): Promise<SessionRecord | null> {
    if (this.#isLayoutKnown) this.#checkOpen();
    else await this.#ready();
    if (!isSid(sid)) return null;
    const text = await readText(this.#reach, sid);
    // A sign-out that was refused as unconfirmed is tried again by its client, who must not find "no session" and be content.
    if (text === ENDING) await takeText(this.#reach, sid);
    return text === null || text === ENDING ? null : this.#recordOf(text, sid);
  }

  /** Commits of one session in this process queue up, and each starts from what the one before wrote. */
  async commit(sid: string, delta: SessionDelta, base?: SessionRecord): Promise<Committed> {
    await this.#ready();
    if (!isSid(sid)) return { status: "gone" };
    if (this.#commits.lengthOf(sid) >= MOST_COMMITS)
      throw failure("Too many commits of one session wait for Redis. Nothing was sent.");
    const { link } = this.#reach;
    const began = link.endsAt();
    return this.#commits.run(sid, (previous) => {
      const endsAt = previous === undefined ? began : link.endsAt(); // Redis has just answered whoever came before
      return commitDelta(this.#reach, sid, delta, newest(previous, base), endsAt);
    });
  }

  /** Once the record is gone, so is the session: an entry that stays in the user's index is skipped and forgotten later. */
  async delete(sid: string): Promise<boolean> {
    await this.#ready();
    const text = isSid(sid) ? await takeText(this.#reach, sid) : null;
    const userId = readableRecord(text, sid)?.userId;
    if (text !== null) this.#ended?.announce(sid);
    if (userId != null) await forget(this.#reach, this.#reach.keys.user(userId), ["c", "p"], [sid]).catch(() => {});
    return text !== null;
  }

  async list(userId: string, page: Page = {}): Promise<RecordPage> {
    await this.#ready();
    return listByUser(this.#reach, userId, page);
  }

  async scan(page: Page = {}): Promise<RecordPage> {
    await this.#ready();
    if (this.#client === undefined)
      throw failure("This Redis store was made without a client, so it cannot be walked.");
    return scanRecords(this.#client, this.#reach, this.#prefix, page);
  }

  async deleteByUser(userId: string, except?: string): Promise<readonly string[]> {
    await this.#ready();
    const ended = await revokeByUser(this.#reach, userId, except);
    for (const sid of ended) this.#ended?.announce(sid);
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
    const count = (await this.#count?.read()) ?? UNKNOWN;
    return { kind: "redis", ...count, circuit: this.#reach.link.circuit };
  }

  watch(listener: (sid: string | null) => void): () => void {
    return this.#ended?.listen(listener) ?? (() => {});
  }

  /** For a cache in front, which keeps records within bounds of its own. */
  keepNoRecords(): void {
    this.#known = null;
  }

  /** The client was handed in, so it stays open. */
  async close(): Promise<void> {
    this.#ended?.close();
    this.#reach.deletes?.close();
    this.#isClosed = true;
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
    this.#layout ??= checkLayout(this.#reach.link, this.#reach.keys);
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

/** Of what this process wrote last and what the request loaded, the later. */
function newest(previous: Committed | undefined, base: SessionRecord | undefined): SessionRecord | null {
  const written = previous === undefined || previous.status === "gone" ? undefined : previous.record;
  if (written === undefined || base === undefined) return written ?? base ?? null;
  return written.version > base.version ? written : base;
}
