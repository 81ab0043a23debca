// `sessile/express-session`: a store for express-session. Its sessions are ordinary records of a Sessile store, without
// a secret: the id of express-session opens them.

import type { EventEmitter } from "node:events";
import expressSession from "express-session";
import type { Core } from "./core/core.ts";
import { checkKey, type Json, type JsonObject, parseData } from "./core/data.ts";
import type { SessionDelta } from "./core/delta.ts";
import { isSessionError, SessionError } from "./core/errors.ts";
import { coreOf, SessionManager } from "./core/manager.ts";
import { isFunction, milliseconds, type Rule, resolve, type SessionManagerOptions } from "./core/options.ts";
import { MAX_DATA_BYTES, type SessionRecord } from "./core/record.ts";
import { checkUserId } from "./core/sign-in.ts";
import { expressRecord, formerSid, NO_DIGEST } from "./express-session/record.ts";
import { headerTransport } from "./transports/header.ts";

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** Data of a session of express-session. Its own types declare it as `SessionData`, and would have to be installed. */
// biome-ignore lint/suspicious/noExplicitAny: packages such as Passport declare no type of what they keep.
type SessionData = { cookie: any; [key: string]: any };

/** The request of express-session, of which the store reads two properties. */
type Request = { sessionID: string; session: object };

/**
 * All durations are milliseconds. A session ends after the `maxAge` of its cookie without a request, and after
 * `absoluteTimeout` in any case: 400 days by default, so that sign-ins which `rolling` or `resave` prolong today go on.
 */
export interface ExpressSessionStoreOptions
  extends Pick<SessionManagerOptions, "store" | "userLimit" | "sweepInterval" | "clock" | "onWarning"> {
  /**
   * The id of the user whom a session belongs to: a text, a number, or an object with such an `id`; anything else is no
   * user. Lists, limits and revocations go by it. Default: `data.passport.user`.
   */
  readonly userOf?: (data: SessionData) => unknown;
  /** A session whose cookie has no `maxAge` ends after this long without a request. Default 24 hours. */
  readonly idleTimeout?: number;
  /** A session ends this long after it began, whatever happens. Default 400 days. */
  readonly absoluteTimeout?: number;
}

/** The session that an event of the store is about. */
interface ExpressSessionEvent {
  /** The handle in lists and events; not the id of express-session. */
  readonly sid: string;
  readonly userId: string | null;
}

/** The events of the store, beside those of its `manager`. */
interface ExpressSessionEvents {
  /** A write found that the session had ended. Nothing was stored. */
  gone: ExpressSessionEvent;
  /** These top-level keys were written by another request too, since this one read them. The last one stays. */
  overwritten: ExpressSessionEvent & { readonly keys: readonly string[] };
  /** An object that no session of a request is, nor came from `get`, was stored as a whole. It may undo a `destroy`. */
  replaced: ExpressSessionEvent;
  /** A session could not be written. express-session may have sent the response before. */
  unsaved: { readonly sid: string; readonly error: unknown };
}

export type { ExpressSessionStore };

const RULES = {
  store: [Boolean, "a store, such as `memoryStore()`"],
  userOf: [isFunction, "a function", (data: SessionData) => data["passport"]?.user],
  idleTimeout: [...milliseconds(1), DAY],
  absoluteTimeout: [...milliseconds(1), 400 * DAY],
  userLimit: [() => true, "", undefined],
  sweepInterval: [() => true, "", undefined],
  clock: [() => true, "", undefined],
  onWarning: [() => true, "", undefined],
} satisfies { [Name in keyof ExpressSessionStoreOptions]-?: Rule };

/**
 * A store for express-session, whose sessions end 400 days after they began unless `absoluteTimeout` says otherwise:
 *
 * ```ts
 * app.use(session({ secret, resave: false, saveUninitialized: false, store: expressSessionStore({ store }) }));
 * ```
 *
 * Throws `ERR_SESSION_OPTION` when an option is unknown or cannot work.
 */
export function expressSessionStore(options: ExpressSessionStoreOptions): ExpressSessionStore {
  return new ExpressSessionStore(options);
}

/** The state of an object that express-session holds; the difference from it is the change of a request. */
interface Mark {
  /** Of express-session. */
  readonly id: string;
  readonly sid: string;
  /** As last read or written by way of the object; `null` until it is stored. */
  record: SessionRecord | null;
  /** The object as it was then; `null` where that is the data of the record. */
  seen: JsonObject | null;
  /** Writes of one object follow one another. */
  turn: Promise<unknown>;
}

/** By the cookie of a session. */
interface Lifetime {
  readonly idleTimeout: number;
  readonly expiresAt: number;
}

/** A session as it is to be stored. */
interface Content extends Lifetime {
  readonly data: Record<string, Json>;
  readonly userId: string | null;
}

type Callback<T = void> = (error?: unknown, value?: T) => void;

/** Deadlines are remembered for this number of sessions, and touches under way are at most as many. */
const MOST_SHOWN = 10_000;
const MOST_TOUCHES = 1000;
/** A conflict means that another writer succeeded, so this many in a row mean that something else is wrong. */
const ATTEMPTS = 1000;
/** `Cookie` computes `originalMaxAge` anew with each touch, from two readings of the clock. */
const DRIFT = 20;

const LIMITS = { dataBytes: MAX_DATA_BYTES, keys: Number.MAX_SAFE_INTEGER };
const NOTHING: JsonObject = Object.freeze(Object.create(null));

/** The part of express-session's `Store` that is not replaced, without its types, which may be missing. */
interface BaseStore extends EventEmitter {
  load(id: string, callback: (error?: unknown, session?: SessionData) => void): void;
  createSession(request: unknown, session: SessionData): object;
  regenerate(request: unknown, callback: Callback): void;
}

const Store: new () => BaseStore = expressSession.Store;

function refused(): SessionError {
  const message = "The user has as many sessions as `userLimit` allows, or the store cannot be sure, as Redis.";
  return new SessionError("ERR_SESSION_LIMIT", `${message} Call \`req.session.regenerate\` before you sign in.`);
}

/** For the option `store` of express-session. */
class ExpressSessionStore extends Store {
  /** Lists and ends the sessions of a user, and gives their events. */
  readonly manager: SessionManager;
  readonly #core: Core;
  readonly #options: Required<Pick<ExpressSessionStoreOptions, "userOf" | "idleTimeout" | "absoluteTimeout">>;
  readonly #marks = new WeakMap<object, Mark>();
  /** Sessions that are being stored for the first time, by sid. */
  readonly #creating = new Map<string, Promise<unknown>>();
  readonly #touching = new Set<string>();
  /** The deadlines that cookies were given last, by sid: for the `cookie.expires` of `get`. */
  readonly #shown = new Map<string, number>();
  #generate: ((request: unknown) => void) | undefined;

  constructor(options: ExpressSessionStoreOptions) {
    super();
    const { userOf, idleTimeout, absoluteTimeout, ...others } = resolve<Required<ExpressSessionStoreOptions>>(
      RULES,
      options,
    );
    this.#options = { userOf, idleTimeout, absoluteTimeout };
    // The deadlines of the records themselves are the idle timeouts.
    const lifetimes = { idleTimeout: absoluteTimeout, absoluteTimeout };
    this.manager = new SessionManager({ ...others, ...lifetimes, transports: [headerTransport()] });
    this.#core = coreOf(this.manager);
  }

  /** express-session assigns its own function. An object from it is a new session until it is first stored. */
  get generate(): ((request: unknown) => void) | undefined {
    return this.#generate;
  }

  set generate(generate: (request: unknown) => void) {
    this.#generate = (request) => {
      generate(request);
      const { session, sessionID } = request as Request;
      this.#marks.set(session, markOf(sessionID, null, NOTHING));
    };
  }

  /** Called by express-session: makes the session of a request. */
  // biome-ignore lint/suspicious/noExplicitAny: it is the `Session` of express-session, whose types may be missing.
  override createSession(request: unknown, data: SessionData): any {
    const session = super.createSession(request, data);
    const mark = this.#marks.get(data);
    if (mark !== undefined) this.#marks.set(session, mark);
    return session;
  }

  /** When the former session cannot be ended it stays, and the client keeps it. */
  override regenerate(request: unknown, callback: Callback): void {
    const ending = this.#end(sidOf((request as Request).sessionID), (record) => this.#core.end(record, "signedOut"));
    answer(ending, (error) => {
      if (error == null) this.#generate?.(request);
      callback(error);
    });
  }

  /** Called by express-session: calls back with the data of a session, `null` when there is none. */
  get(id: string, callback: Callback<SessionData | null>): void {
    answer(this.#get(id).catch(noRecord), callback);
  }

  /** Called by express-session: stores what a request changed. */
  set(id: string, session: SessionData, callback?: Callback): void {
    answer(this.#set(id, session), callback);
  }

  /** Called by express-session: ends a session. */
  destroy(id: string, callback?: Callback): void {
    answer(
      this.#end(sidOf(id), (record) => this.#core.signOut(record)),
      callback,
    );
  }

  /** Written at most once in a minute or a tenth of the session's idle timeout, and not waited for, as long as there is time. */
  touch(id: string, session: SessionData, callback?: Callback): void {
    const touched = this.#touchSession(id, session);
    if (touched !== null) answer(touched, (error) => callback?.(error));
    else if (callback !== undefined) process.nextTick(callback, null);
  }

  /** The live sessions; their ids are not stored. Reads all of them. */
  all(callback: Callback<SessionData[]>): void {
    answer(
      this.#walk(async (records) => records.map((record) => this.#sessionOf(record))),
      callback,
    );
  }

  /** Reads all sessions. */
  length(callback: Callback<number>): void {
    answer(
      this.#walk(async (records) => records).then((records) => records.length),
      callback,
    );
  }

  /** Ends all sessions of express-session. */
  clear(callback?: Callback): void {
    const end = (record: SessionRecord) => this.#core.end(record, "revoked", { reason: "revoked" });
    answer(
      this.#walk((records) => Promise.all(records.map(end))).then(() => undefined),
      callback,
    );
  }

  async #get(id: string): Promise<SessionData | null> {
    const sid = sidOf(id);
    const unconfirmed = this.#core.endings.unconfirmed.get(sid);
    if (unconfirmed !== undefined) await this.#core.signOut(unconfirmed);
    const record = await this.#load(sid);
    if (record === null || this.#core.isOver(record)) return null;
    const session = this.#sessionOf(record);
    this.#marks.set(session, markOf(id, record, null, sid));
    return session;
  }

  /** The mark of an object, if it is of the session with this id. */
  #markOf(id: string, session: SessionData): Mark | null {
    const mark = this.#marks.get(session);
    return mark?.id === String(id) ? mark : null;
  }

  async #set(id: string, session: SessionData): Promise<void> {
    try {
      const content = this.#contentOf(session);
      const mark = this.#markOf(id, session);
      if (mark !== null) await inTurn(mark, () => this.#write(mark, content));
      else await this.#replace(id, content);
    } catch (error) {
      this.#tell("unsaved", { sid: sidOf(id), error });
      throw error;
    }
  }

  async #end(sid: string, end: (record: SessionRecord) => Promise<unknown>): Promise<void> {
    await this.#creating.get(sid)?.catch(() => {});
    this.#shown.delete(sid);
    const record = await this.#load(sid);
    if (record !== null) await end(record);
  }

  /** `null`: there is nothing to wait for, so that a response of express-session leaves in one piece. */
  #touchSession(id: string, session: SessionData): Promise<unknown> | null {
    try {
      const lifetime = this.#takeLifetime(copyOf({ cookie: session.cookie }));
      const touch = (record: SessionRecord | null) => record && this.#touch(record, lifetime);
      const mark = this.#markOf(id, session);
      return mark === null ? this.#load(sidOf(id)).then(touch) : touch(mark.record);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** The record, if it is one of express-session. */
  async #load(sid: string): Promise<SessionRecord | null> {
    const record = await this.#core.load(sid).catch(noRecord);
    return record?.secretDigest !== NO_DIGEST ? null : record;
  }

  /** Calls `visit` with the live records of express-session, page by page. */
  async #walk<T>(visit: (records: readonly SessionRecord[]) => Promise<readonly T[]>): Promise<T[]> {
    const found: T[] = [];
    let after: string | undefined;
    do {
      const page = after === undefined ? {} : { after };
      const { records, next } = await this.#core.ask("list sessions", (store) => store.scan(page));
      found.push(
        ...(await visit(records.filter((each) => each.secretDigest === NO_DIGEST && !this.#core.isOver(each)))),
      );
      after = next ?? undefined;
    } while (after !== undefined);
    return found;
  }

  async #write(mark: Mark, content: Content): Promise<void> {
    const { record } = mark;
    const isOver = content.expiresAt <= this.#core.now();
    if (record === null) return isOver ? undefined : this.#begin(mark, content);
    await (isOver ? this.#core.end(record, "expired") : this.#commit(mark, content));
  }

  /** Stores a new session. Two with the same id from the application's `genid` both write into one. */
  async #begin(mark: Mark, content: Content): Promise<void> {
    const created = await this.#create(mark.sid, content);
    mark.record = created ?? (await this.#present(mark.sid));
    if (created !== null) mark.seen = content.data;
    else if (mark.record === null) await this.#begin(mark, content);
    else await this.#commit(mark, content);
  }

  /** Stores an object that is no session of a request: the application has the last word. */
  async #replace(id: string, content: Content): Promise<void> {
    const sid = sidOf(id);
    for (;;) {
      const record = (await this.#create(sid, content)) ?? (await this.#present(sid));
      if (record === null) continue;
      const mark = markOf(id, record, null, sid);
      if (!(await this.#commit(mark, content))) continue;
      this.#tell("replaced", eventOf(record));
      return;
    }
  }

  /** The record that is in the way of a new one; `null` when it is gone, or over and therefore removed. */
  async #present(sid: string): Promise<SessionRecord | null> {
    const record = await this.#load(sid);
    if (record === null || !this.#core.isOver(record)) return record;
    await this.#core.end(record, "expired");
    return null;
  }

  /** The new record; `null` when there is one. */
  async #create(sid: string, { data, userId, expiresAt, idleTimeout }: Content): Promise<SessionRecord | null> {
    const now = this.#core.now();
    const absoluteExpiresAt = now + this.#options.absoluteTimeout;
    const lifetime = { expiresAt: Math.min(expiresAt, absoluteExpiresAt), absoluteExpiresAt, idleTimeout };
    const fields = { sid, userId, data: JSON.stringify(data), ...lifetime };
    const record = { ...expressRecord(fields, now), authenticatedAt: userId === null ? null : now };
    const creating = this.#core.insert(record);
    this.#creating.set(sid, creating);
    try {
      return (await creating) === null ? null : record;
    } finally {
      if (this.#creating.get(sid) === creating) this.#creating.delete(sid);
    }
  }

  /** Writes the difference to what was seen. False when the session is gone. */
  async #commit(mark: Mark, content: Content): Promise<boolean> {
    let record = mark.record as SessionRecord;
    const { sid } = record;
    const seen = mark.seen ?? parseData(record.data);
    const data = withoutDrift(content.data, seen);
    const { set, remove } = difference(seen, data);
    if (Object.keys(set).length + remove.length === 0) return (await this.#touch(record, content)) ?? true;
    const idleTimeout = this.#idleTimeoutOf(data);
    const { userLimit } = this.#core.settings;
    const wasUser = this.#userOf(seen);
    const overwritten = new Set<string>();
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const isMoved = content.userId !== wasUser && content.userId !== record.userId;
      const delta: SessionDelta = {
        ...touchOf(record, idleTimeout, this.#core.now()),
        idleTimeout,
        set,
        remove,
        limits: LIMITS,
        ifVersion: record.version,
        ...(isMoved && { owner: content.userId, ...(userLimit && { userLimit }) }),
      };
      const base = record;
      const answer = await this.#core.ask("commit a session", (store) => store.commit(sid, delta, base));
      if (answer.status === "gone") return this.#gone(record);
      if (answer.status === "refused") throw refused();
      if (answer.status === "ok") {
        Object.assign(mark, { record: answer.record, seen: data });
        this.#show(sid, content.expiresAt);
        if (isMoved && content.userId !== null) this.#core.signedIn(answer.record, answer.evicted ?? []);
        if (overwritten.size > 0) this.#tell("overwritten", { ...eventOf(record), keys: [...overwritten] });
        return true;
      }
      if (answer.record.version === record.version) throw tooLarge();
      record = answer.record;
      for (const key of keysOfBoth(seen, parseData(record.data), data, [...Object.keys(set), ...remove]))
        overwritten.add(key);
    }
    throw new SessionError("ERR_SESSION_CONFLICT", "Other requests changed the session at every attempt. Try again.");
  }

  /**
   * Moves the deadline when that is due: behind the request, unless more than half of the time is over. `null`: there
   * is nothing to wait for.
   */
  #touch(record: SessionRecord, { idleTimeout, expiresAt }: Lifetime): Promise<boolean> | null {
    const { sid } = record;
    const now = this.#core.now();
    this.#show(sid, expiresAt);
    if (now - record.lastSeenAt < Math.min(MINUTE, idleTimeout / 10)) return null;
    const delta = touchOf(record, idleTimeout, now);
    const commit = () => this.#core.ask("touch a session", (store) => store.commit(sid, delta, record));
    if (record.expiresAt - now < idleTimeout / 2) return commit().then(({ status }) => status === "ok");
    if (this.#touching.has(sid) || this.#touching.size >= MOST_TOUCHES) return null;
    this.#touching.add(sid);
    // The failure is an event of the manager already, and the next request tries again.
    void commit()
      .catch(() => {})
      .finally(() => this.#touching.delete(sid));
    return null;
  }

  #show(sid: string, expiresAt: number): void {
    this.#shown.delete(sid);
    this.#shown.set(sid, expiresAt);
    if (this.#shown.size <= MOST_SHOWN) return;
    for (const oldest of this.#shown.keys()) {
      this.#shown.delete(oldest);
      break;
    }
  }

  #gone(record: SessionRecord): false {
    this.#tell("gone", eventOf(record));
    return false;
  }

  #tell<Name extends keyof ExpressSessionEvents>(name: Name, event: ExpressSessionEvents[Name]): void {
    void this.#core.events.call(name, () => this.emit(name, Object.freeze(event)));
  }

  #sessionOf(record: SessionRecord): SessionData {
    const data = { cookie: undefined, ...parseData(record.data) };
    if (data.cookie === null) return { ...data, cookie: undefined };
    const cookie = cookieOf(record, data);
    const expiresAt = Math.max(record.expiresAt, this.#shown.get(record.sid) ?? 0) - this.#skew();
    if (cookie.originalMaxAge !== null) cookie.expires = new Date(expiresAt).toISOString();
    return Object.assign(data, { cookie });
  }

  /** Throws `ERR_SESSION_VALUE` for data that JSON does not carry. */
  #contentOf(session: SessionData): Content {
    const data = copyOf(session);
    const lifetime = this.#takeLifetime(data);
    return { data, userId: this.#userOf(data), ...lifetime };
  }

  /** Leaves the cookie as it is to be stored: its deadline is that of the record. */
  #takeLifetime(data: Record<string, Json>): Lifetime {
    const now = this.#core.now();
    const { expires, ...cookie } = (data["cookie"] ?? {}) as Record<string, Json>;
    // A number where a program writes the cookie itself, as express-openid-connect does.
    const isTime = typeof expires === "string" || typeof expires === "number";
    const end = isTime ? new Date(expires).getTime() + this.#skew() : Number.NaN;
    if (!Number.isNaN(end)) cookie["originalMaxAge"] ??= end - now;
    else if (expires !== undefined) cookie["expires"] = expires;
    // One that a program stored without a cookie is one without: express-session refuses to wake it.
    data["cookie"] = data["cookie"] === undefined ? null : cookie;
    const idleTimeout = this.#idleTimeoutOf(data);
    return { idleTimeout, expiresAt: Number.isNaN(end) ? now + idleTimeout : end };
  }

  #idleTimeoutOf({ cookie }: JsonObject): number {
    const { originalMaxAge } = (cookie ?? {}) as { originalMaxAge?: Json };
    const { idleTimeout, absoluteTimeout } = this.#options;
    const asked = typeof originalMaxAge === "number" ? Math.round(originalMaxAge) : idleTimeout;
    return Math.min(Math.max(asked, 0), absoluteTimeout);
  }

  #userOf(data: JsonObject): string | null {
    const user = this.#options.userOf(data as unknown as SessionData);
    const id = typeof user === "object" && user !== null ? (user as { id?: unknown }).id : user;
    if (id === "" || (typeof id !== "string" && !Number.isFinite(id))) return null;
    return checkUserId(String(id));
  }

  /** Milliseconds by which the clock of the options is ahead of the one that express-session reads. */
  #skew(): number {
    return this.#core.settings.clock === undefined ? 0 : this.#core.now() - Date.now();
  }
}

/** The cookie of a session that was imported ends when its record does. */
function cookieOf(
  { expiresAt, lastSeenAt }: SessionRecord,
  { cookie }: { readonly cookie?: Json | undefined },
): { readonly originalMaxAge: unknown; expires?: string } {
  if (cookie === undefined) return { originalMaxAge: expiresAt - lastSeenAt };
  return { originalMaxAge: null, ...(cookie as object) };
}

function eventOf({ sid, userId }: SessionRecord): ExpressSessionEvent {
  return { sid, userId };
}

function sidOf(id: unknown): string {
  return formerSid(String(id));
}

function markOf(id: unknown, record: SessionRecord | null, seen: JsonObject | null, sid = sidOf(id)): Mark {
  return { id: String(id), sid, record, seen, turn: Promise.resolve() };
}

/** A record that cannot be read is none. */
function noRecord(error: unknown): null {
  if (isSessionError(error, "ERR_SESSION_RECORD")) return null;
  throw error;
}

function inTurn<T>(mark: Mark, step: () => Promise<T>): Promise<T> {
  const turn = mark.turn.then(step);
  mark.turn = turn.catch(() => {});
  return turn;
}

/** Outside of the promise, so that what the callback throws is the application's, as with any store. */
function answer<T>(work: Promise<T>, callback: Callback<T> = () => {}): void {
  work.then(
    (value) => process.nextTick(callback, null, value),
    (error: unknown) => process.nextTick(callback, error),
  );
}

function touchOf({ createdAt }: SessionRecord, idleTimeout: number, at: number): SessionDelta {
  return { at, ifCreatedAt: createdAt, touch: { idleTimeout } };
}

/** The session as JSON carries it, as express-session's own store keeps it: dates as text, without functions. */
function copyOf(session: unknown): Record<string, Json> {
  let text: string | undefined;
  try {
    text = JSON.stringify(session);
  } catch (cause) {
    throw unfit(`\`${pathOf(session)}\` of a session must be JSON`, cause);
  }
  if (text?.[0] !== "{") throw unfit("A session must be an object");
  // Keys that no store could give back: `__proto__`, and halves of characters.
  const mayHide = /__proto__|\\u/.test(text);
  return JSON.parse(text, mayHide ? withGoodKey : undefined);
}

function withGoodKey(key: string, value: unknown): unknown {
  checkKey(key);
  return value;
}

/** The place at which `JSON.stringify` fails: at a bigint, at a cycle, in a `toJSON`. */
function pathOf(value: unknown, path = "", above: readonly unknown[] = []): string {
  if (typeof value !== "object" || value === null || above.includes(value)) return path;
  for (const [key, item] of Object.entries(value)) {
    if (isJson(item)) continue;
    return pathOf(item, path === "" ? key : `${path}.${key}`, [...above, value]);
  }
  return path;
}

function isJson(value: unknown): boolean {
  try {
    JSON.stringify(value);
    return true;
  } catch {
    return false;
  }
}

function unfit(what: string, cause?: unknown): SessionError {
  return new SessionError("ERR_SESSION_VALUE", `${what}.`, cause === undefined ? {} : { cause });
}

function tooLarge(): SessionError {
  return unfit(`Session data would exceed ${MAX_DATA_BYTES} bytes. Keep less in the session`);
}

/** `after`, where its `maxAge` differs only by the time that a computer needs. */
function withoutDrift(after: Record<string, Json>, before: JsonObject): Record<string, Json> {
  const [cookie, former] = [after["cookie"], before["cookie"]] as ({ originalMaxAge?: unknown } | undefined)[];
  const [now, then] = [cookie?.originalMaxAge, former?.originalMaxAge];
  if (typeof now !== "number" || typeof then !== "number" || Math.abs(now - then) >= DRIFT) return after;
  return { ...after, cookie: { ...cookie, originalMaxAge: then } };
}

function difference(before: JsonObject, after: JsonObject): { set: JsonObject; remove: readonly string[] } {
  const changed = Object.entries(after).filter(([key, value]) => !isSame(value, before[key]));
  return { set: Object.fromEntries(changed), remove: Object.keys(before).filter((key) => !Object.hasOwn(after, key)) };
}

/** Of the keys that `ours` changes, those that another request has changed since `seen`, to something else. */
function keysOfBoth(seen: JsonObject, theirs: JsonObject, ours: JsonObject, keys: readonly string[]): string[] {
  return keys.filter((key) => key !== "cookie" && !isSame(theirs[key], seen[key]) && !isSame(theirs[key], ours[key]));
}

function isSame(one: Json | undefined, other: Json | undefined): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
