// The one object an application makes: opens the session of each request, and lists and ends sessions from elsewhere.

import { Core } from "./core.ts";
import { type CheckedSchema, type Json, type JsonData, type JsonObject, parseData } from "./data.ts";
import { SessionError } from "./errors.ts";
import type { SessionEvents } from "./events.ts";
import { withoutFlashes } from "./flash.ts";
import { open } from "./open.ts";
import { checkCall, resolveOptions, type SessionManagerOptions, type Settings, wholeNumber } from "./options.ts";
import { idleTimeoutOf, type SessionRecord } from "./record.ts";
import type { ManagerData, Session } from "./session.ts";
import { checkIdType } from "./sign-in.ts";
import type { Page, RecordPage, SessionStore, StoreStats } from "./store.ts";
import { isSid } from "./token.ts";
import type { SessionRequest, SessionResponse, Settled } from "./transport.ts";

/** The session of one request, for an adapter to hand to the handler and to settle before the response leaves. */
export interface OpenSession<Data extends object> {
  /** For the handler; it cannot be used any more when the response has left. */
  readonly session: Session<Data>;
  /**
   * Writes the changes of the request, unless `status` is 500 or more, and adds the session's headers to the response.
   * Await it before the first byte of the response leaves; when it rejects, answer with the error instead. No promise
   * where there is nothing to wait for, as after a request that only reads. A second call changes nothing.
   */
  commit(status: number, response: SessionResponse): Promise<Settled> | Settled;
  /** Whether `commit` has to wait for the store. */
  readonly mustWait: boolean;
}

/** A session in a list: no token, no digest, no data. */
export interface SessionInfo {
  /** Names the session in lists, logs and calls of the manager; it signs no request in. */
  readonly sid: string;
  /** The user; `null` for an anonymous session. */
  readonly userId: string | null;
  /** When the session was made, in ms since 1970: at the sign-in, or at the first data of an anonymous one. */
  readonly createdAt: number;
  /** When the user last proved who they are, in ms since 1970; `null` for an anonymous session. */
  readonly authenticatedAt: number | null;
  /** The latest activity, in ms since 1970, up to `touchInterval` late. */
  readonly lastSeenAt: number;
  /** When the session ends without further activity, in ms since 1970. */
  readonly expiresAt: number;
  /** When the session ends whatever happens. */
  readonly absoluteExpiresAt: number;
  /** How long the session may be without activity, in ms. */
  readonly idleTimeout: number;
  /** Whether the browser keeps the session's cookie when it is closed. */
  readonly persistent: boolean;
  /** The label that `signIn` was given; `null` without one. */
  readonly device: string | null;
}

/** A session as `find` returns it: no token, no digest. */
export interface SessionDetails extends SessionInfo {
  /** When the current secret was made. */
  readonly rotatedAt: number;
  /** Counts the changes of the data, from 1. */
  readonly version: number;
  /** The application's data; absent unless it was asked for. */
  readonly data?: JsonObject;
}

/** Part of a list of sessions: of one user's, oldest first; of all, in an order of the store's own. */
export interface SessionPage {
  /** At most `limit` of a user, about `limit` of all. */
  readonly sessions: readonly SessionInfo[];
  /** The start of the next page; `null` on the last. */
  readonly next: string | null;
}

/** The constructor of managers, as applications see it: the data is JSON, and has its type from a schema or by name. */
export interface SessionManagerConstructor {
  /**
   * A manager of sessions whose data has the type that `schema` makes; `Data` where it is named, as in
   * `new SessionManager<Data>(…)`; any JSON otherwise. Throws `ERR_SESSION_OPTION` when an option is unknown or cannot
   * work.
   */
  new <Data extends JsonData<Data> = Record<string, Json>, Input = unknown>(
    options: SessionManagerOptions<Data, Input> & CheckedSchema<Data, Input>,
  ): SessionManager<Data>;
}

/** The options of the calls. */
const PAGE: ReadonlySet<string> = new Set<keyof Page>(["limit", "after"]);
const FIND: ReadonlySet<string> = new Set(["data"]);
const REVOKE: ReadonlySet<string> = new Set(["userId"]);
const REVOKE_USER: ReadonlySet<string> = new Set(["except"]);

/** Records removed per call of the store while sweeping: few enough that no request waits for it. */
const SWEEP_BATCH = 1000;

/** The core of a manager, for the library's own entries. */
export let coreOf: <Data extends object>(manager: SessionManager<Data>) => Core;

/**
 * Opens the session of each request, lists and ends sessions from elsewhere, and reports what happens to them. A program
 * has one.
 */
// A constructor cannot have type parameters of its own; that of the constant `SessionManager` below has.
export class Manager<Data extends object = ManagerData> {
  static {
    coreOf = (manager) => manager.#core;
  }

  readonly #core: Core;
  readonly #sweeper: NodeJS.Timeout | undefined;
  #isSweeping = false;

  /**
   * The data has the type that `schema` makes; `Data` where it is named, as in `new SessionManager<Data>(…)`; any JSON
   * otherwise. Throws `ERR_SESSION_OPTION` when an option is unknown or cannot work.
   */
  constructor(options: SessionManagerOptions<Data>) {
    const settings = resolveOptions(options);
    this.#core = new Core(settings);
    if (settings.sweepInterval > 0)
      this.#sweeper = setInterval(() => void this.#sweepQuietly(), settings.sweepInterval).unref();
  }

  /** The longest timeouts, in ms, that a sign-in may ask for. */
  get longest(): { readonly absolute: number; readonly idle: number } {
    return this.#core.settings.longest;
  }

  /**
   * Opens the session of a request. Rejects when the request contradicts itself, and when the store cannot answer.
   */
  open(request: SessionRequest): Promise<OpenSession<Data>> {
    return open<Data>(this.#core, request);
  }

  /** Calls `listener` for every such event; the function given back stops it. A listener cannot break a request. */
  on<Name extends keyof SessionEvents>(name: Name, listener: (event: SessionEvents[Name]) => unknown): () => void {
    return this.#core.events.on(name, listener);
  }

  /** The live sessions of a user. Rejects with `ERR_SESSION_VALUE` for an id that is no string, such as a number. */
  async list(userId: string, page: Page = {}): Promise<SessionPage> {
    checkIdType(userId);
    return this.#page(page, (store) => store.list(userId, page));
  }

  /**
   * The live sessions of all users, and anonymous ones, for people who operate them; see `SessionStore.scan`. A page
   * may hold somewhat more than `limit`, fewer or none: only `next` says where the list ends.
   */
  listAll(page: Page = {}): Promise<SessionPage> {
    return this.#page(page, (store) => store.scan(page));
  }

  async #page(page: Page, read: (store: SessionStore) => Promise<RecordPage>): Promise<SessionPage> {
    checkPage(page);
    const { records, next } = await this.#core.ask("list sessions", read);
    const { touches, settings } = this.#core;
    const live = records.filter((record) => !this.#core.isOver(record));
    return { sessions: live.map((record) => toInfo(touches.seen(record), settings)), next };
  }

  /** One live session; `null` when there is none of this sid. `data` asks for the application's data too. */
  async find(sid: string, options: { data?: boolean } = {}): Promise<SessionDetails | null> {
    checkCall(options, FIND);
    const { data = false } = options;
    const record = await this.#record(sid);
    if (record === null || this.#core.isOver(record)) return null;
    const { rotatedAt, version } = record;
    const info = toInfo(this.#core.touches.seen(record), this.#core.settings);
    return { ...info, rotatedAt, version, ...(data && { data: { ...withoutFlashes(parseData(record.data)) } }) };
  }

  async #record(sid: string): Promise<SessionRecord | null> {
    return isSid(sid) ? this.#core.load(sid) : null;
  }

  /**
   * Ends one session. False when there is none of this sid, or when `userId` is given and it is not that user's: so a
   * route where users end their own sessions cannot be used to probe or end those of others. A `userId` that turns out
   * to be `undefined` matches no session rather than all. Rejects with `ERR_SESSION_VALUE` for one that is no string,
   * such as a number.
   */
  async revoke(sid: string, options: { userId?: string } = {}): Promise<boolean> {
    checkCall(options, REVOKE);
    const isOwned = "userId" in options;
    const owner = options.userId ?? null;
    if (owner !== null) checkIdType(owner);
    if (isOwned && owner === null) return false;
    const record = await this.#record(sid);
    if (record === null || (isOwned && record.userId !== owner)) return false;
    return this.#core.end(record, "revoked", { reason: "revoked" });
  }

  /**
   * Ends all sessions of a user, but `except` when given (a sid). Returns how many ended. Without `except` nothing of
   * the user stays in the store (GDPR Art. 17); backups, replicas and append-only files of the store are the
   * operator's. Rejects with `ERR_SESSION_VALUE` for an id that is no string.
   */
  async revokeUser(userId: string, options: { except?: string | null } = {}): Promise<number> {
    checkIdType(userId);
    checkCall(options, REVOKE_USER);
    const { except } = options;
    const ended = await this.#core.ask("end a user's sessions", (store) =>
      store.deleteByUser(userId, except ?? undefined),
    );
    for (const sid of ended) this.#core.emit("revoked", { sid, userId }, { reason: "revoked" });
    return ended.length;
  }

  /**
   * Removes expired records, at most `limit`. Returns how many. The manager does this by itself every `sweepInterval`.
   */
  async sweep(limit = Number.POSITIVE_INFINITY): Promise<number> {
    let removed = 0;
    while (removed < limit) {
      const budget = { now: this.#core.now(), limit: Math.min(SWEEP_BATCH, limit - removed) };
      const expired = await this.#core.ask("sweep", (store) => store.deleteExpired(budget));
      for (const sid of expired) this.#core.emit("expired", { sid, userId: null });
      removed += expired.length;
      if (expired.length < budget.limit) break;
    }
    return removed;
  }

  /** Figures about the store. */
  stats(): Promise<StoreStats> {
    return this.#core.ask("count sessions", (store) => store.stats());
  }

  /**
   * Writes the activity that has not been written yet. Resolves when that is done, well or not; `storeFailed` says how
   * many sessions a failure concerns.
   */
  flush(): Promise<void> {
    return this.#core.touches.flush();
  }

  /** Stops the sweeper, drops all listeners for ends, writes the activity that waits, and closes the store. */
  async close(): Promise<void> {
    clearInterval(this.#sweeper);
    await this.flush();
    this.#core.watch.stop();
    this.#core.endings.stop();
    await this.#core.ask("close", (store) => store.close());
  }

  /** A sweep that takes longer than `sweepInterval` is not joined by another. */
  async #sweepQuietly(): Promise<void> {
    if (this.#isSweeping) return;
    this.#isSweeping = true;
    await this.sweep().catch(() => 0);
    this.#isSweeping = false;
  }
}

/** A manager; see the class. */
// An interface, not an alias: only a name that this package exports can stand in the declarations of an application.
export interface SessionManager<Data extends object = ManagerData> extends Manager<Data> {}
export const SessionManager: SessionManagerConstructor = Manager;

function toInfo(record: SessionRecord, settings: Settings): SessionInfo {
  const { sid, userId, createdAt, authenticatedAt, lastSeenAt, expiresAt, absoluteExpiresAt, persistent, device } =
    record;
  const lifetimes = { expiresAt, absoluteExpiresAt, idleTimeout: idleTimeoutOf(record, settings), persistent };
  return { sid, userId, createdAt, authenticatedAt, lastSeenAt, ...lifetimes, device };
}

function checkPage(page: Page): void {
  checkCall(page, PAGE);
  const { limit = 100 } = page;
  const [accepts, expected] = wholeNumber(1, "", 1000);
  if (!accepts(limit)) throw new SessionError("ERR_SESSION_PAGE", `\`limit\` must be ${expected}.`);
}
