// One request and its response: the order in which a session is read, changed, ended, written and sent. Every adapter
// drives it; none has an order of its own.

import {
  checkedText,
  commitRecord,
  isDue,
  isPrevious,
  type Presented,
  READING,
  readData,
  type Writing,
  type Written,
} from "./commit.ts";
import { type Core, type NewSession, revoked } from "./core.ts";
import { type Json, type JsonObject, parseData } from "./data.ts";
import { Changes } from "./delta.ts";
import { required, SessionError } from "./errors.ts";
import { flashKeys, flashValue } from "./flash.ts";
import type { SessionRecord } from "./record.ts";
import { type Session, sessionOf } from "./session.ts";
import {
  type Beginning,
  beginningOf,
  checkElevation,
  type Elevation,
  REPLACES,
  type SignInOptions,
} from "./sign-in.ts";
import { Steps, tooLate } from "./steps.ts";
import { formatToken } from "./token.ts";
import {
  checkOrigin,
  keepFromCaches,
  type SessionRequest,
  type SessionResponse,
  type SessionTransport,
  type Settled,
} from "./transport.ts";

const ENDING =
  "The session is being ended. Await `signOut()` or `signIn()` before writing; after a failed sign-out nothing is written.";

/** One object for all responses that bring nothing. */
const UNCHANGED: Settled = Object.freeze({ newToken: null, cleared: false });

const EMPTY: JsonObject = Object.freeze(Object.create(null));

/** The present state of the session of one request. */
type State =
  /** nothing is stored */
  | "none"
  /** as the store gave it */
  | "loaded"
  /** made by this request, which removes it when it fails */
  | "begun"
  /** its data cannot be read; a request that fails removes it */
  | "unreadable"
  /** its end was asked for, and is not confirmed, or the sign-in that asked for it not complete: nothing is written */
  | "ending"
  /**
   * ended elsewhere during the request: the client is sent nothing, because it may already hold the token of a newer
   * sign-in
   */
  | "gone";

const OTHER_USER = "Another user proved who they are than the session's. Sign in as that user instead.";

/** Whether the user sees the response: a redirect shows no page, and an answer to HEAD has none. */
function isShown({ method }: SessionRequest, status: number): boolean {
  return method !== "HEAD" && ((status >= 200 && status < 300) || (status >= 400 && status < 500));
}

export class SessionExchange<Data extends object> {
  readonly session: Session<Data>;
  readonly #core: Core;
  readonly #request: SessionRequest;
  /** The way by which the request presented a credential; `null` when it presented none. */
  readonly #transport: SessionTransport | null;
  #state: State;
  #record: SessionRecord | null;
  /** The secret that the client holds, as far as this request knows. */
  #presented: Presented | null;
  /** The stored data, from the first read on. */
  #data: JsonObject | null;
  /** The data with the handler's changes on top, from the first change on. */
  #changes: Changes | null = null;
  #newToken: string | null = null;
  /** The keys of the flash messages that the handler has taken. */
  #taken: Set<string> | null = null;
  /** This request has ended the session, so the client forgets its token, unless it gets a new one. */
  #mustClear = false;
  #isActivity = true;
  #mustRotate = false;
  #isSettled = false;
  /** The handler has read the session: the response depends on it. */
  #isUsed = false;
  #steps: Steps | null = null;

  /** `found`: the session that the credential opens. `data`: its data through the schema; absent without one. */
  constructor(
    core: Core,
    request: SessionRequest,
    transport: SessionTransport | null,
    found: (Presented & { readonly record: SessionRecord }) | null = null,
    data: JsonObject | null = null,
  ) {
    this.session = sessionOf(this);
    this.#core = core;
    this.#request = request;
    this.#transport = transport;
    this.#state = found === null ? "none" : "loaded";
    this.#record = found === null ? null : found.record;
    this.#presented = found;
    this.#data = data;
  }

  /** The session's record as last known; `null` while there is none. */
  record(): SessionRecord | null {
    this.#isUsed = true;
    return this.#record;
  }

  /** The same with the activity that has not been written yet. */
  seen(): SessionRecord | null {
    const record = this.record();
    return record && this.#core.touches.seen(record);
  }

  /** Whether the request presented a credential, a good one or not. */
  hasCredential(): boolean {
    this.#isUsed = true;
    return this.#transport !== null;
  }

  /** The data with this request's changes; parsed at the first read. */
  read(): JsonObject {
    this.#isUsed = true;
    if (this.#changes !== null) return this.#changes.view;
    this.#data ??= this.#parseData();
    return this.#data;
  }

  /** The same, for a change. Throws `ERR_SESSION_STATE` when the change could not be kept. */
  change(): Changes {
    if (this.#isSettled) throw tooLate("change the session");
    if (this.#state === "ending") throw new SessionError("ERR_SESSION_STATE", ENDING);
    this.#changes ??= new Changes(this.read(), this.#core.settings.limits);
    this.#isUsed = true;
    return this.#changes;
  }

  takeFlash(kind: string): Json[] {
    if (this.#isSettled) throw tooLate("take a flash message");
    const data = this.read();
    const keys = flashKeys(data, kind).filter((key) => !this.#taken?.has(key));
    if (keys.length > 0) this.#taken = new Set([...(this.#taken ?? []), ...keys]);
    return keys.map((key) => flashValue(data, key));
  }

  now(): number {
    return this.#core.now();
  }

  notActivity(): void {
    this.#isActivity = false;
  }

  rotate(): void {
    if (this.#isSettled) throw tooLate("rotate the session");
    this.#isUsed = true;
    this.#mustRotate = true;
  }

  /**
   * Ends the presented session, then begins a new one with nothing but what `options` names. In this order, because
   * then a crash between the two leaves no session rather than two, and the old one does not count against the user's
   * limit.
   */
  signIn(userId: string, options: SignInOptions<Data> & { readonly [REPLACES]?: string }): Promise<string> {
    return this.#step("sign in", async () => {
      checkOrigin(this.#core, this.#writer(), this.#request);
      const beginning = await beginningOf(this.#core, userId, options, () => this.read());
      const flashes = this.#changes?.flashes() ?? null;
      await this.#endFormer();
      const { token, evicted } = await this.#begin(beginning);
      this.#mustClear = false;
      const former = options[REPLACES];
      if (former !== undefined && !evicted.includes(former)) await this.#replace(former);
      if (flashes !== null && this.#changes !== null) flashes.join(this.#changes);
      this.#changes = flashes ?? this.#changes;
      await this.#refresh();
      return token;
    });
  }

  /** From then on this request holds the new secret, so what it writes later is not that of a previous one. */
  elevate(proof: Elevation): Promise<void> {
    return this.#step("elevate the session", async () => {
      const { userId, method } = checkElevation(proof);
      if (this.#state === "ending") throw required();
      if (this.session.require().userId !== userId) throw new SessionError("ERR_SESSION_STALE", OTHER_USER);
      await this.#elevate(userId);
      this.#core.emit("elevated", this.session.require(), { method });
      await this.#refresh();
    });
  }

  /** When the session has ended meanwhile, there is none afterwards. */
  async #elevate(elevates: string): Promise<void> {
    const record = this.#record as SessionRecord;
    if (this.#core.endings.unconfirmed.has(record.sid)) return this.#drop("gone");
    const written = await commitRecord(this.#core, { ...this.#writing(record, null, true), elevates });
    if (written === null) return this.#drop("gone");
    this.#record = written.record;
    if (written.newSecret === null) return;
    this.#newToken = this.#tokenOf(written);
    this.#presented = { secret: written.newSecret, digest: written.record.secretDigest };
    this.#mustRotate = false;
  }

  /** When the user proved who they are, as far as the request may count on it: a token from before an elevation shares none. */
  provenAt(): number | null {
    const record = this.record();
    if (record === null || record.authenticatedAt === null || this.#presented === null) return null;
    const isOlder = record.authenticatedAt >= record.rotatedAt && isPrevious({ record, presented: this.#presented });
    return isOlder ? 0 : record.authenticatedAt;
  }

  /**
   * Ends the session; the store has confirmed it when this returns. Changes made before are dropped; later ones begin
   * another session.
   */
  signOut(): Promise<void> {
    return this.#step("sign out", async () => {
      this.#newToken = null;
      await this.#end((record) => this.#core.signOut(record));
      this.#state = "none";
    });
  }

  /** Calls `listener` when the session has ended, here or elsewhere. Without a session there is nothing to end. */
  onEnded(listener: () => unknown): () => void {
    const record = this.record();
    return record === null ? () => {} : this.#core.watch.add(record.sid, listener);
  }

  /** Writes what is pending, and lets the request go on. False when the session has ended: the changes are dropped. */
  flush(): Promise<boolean> {
    return this.#step("commit the session", () => this.#flush());
  }

  /**
   * Settles the session before the response leaves: writes the changes unless `status` is 500 or more, then gives the
   * client its token. When the store fails this rejects, and `response` still gets what holds in any case. A property,
   * because programs take it off.
   */
  readonly commit = (status: number, response: SessionResponse): Promise<Settled> | Settled => {
    if (this.#isSettled) return this.#steps === null ? UNCHANGED : this.#steps.settled().then(() => UNCHANGED);
    try {
      const { mustWait } = this;
      this.#isSettled = true;
      if (mustWait) return this.#turns().inTurn(() => this.#settle(status, response));
      if (this.#record !== null && this.#isActivity && status < 500)
        this.#core.touches.note(this.#record, this.#core.now());
      return this.#send(response);
    } catch (error) {
      return Promise.reject(error);
    }
  };

  /**
   * Whether `commit` has to wait for the store. Most requests only read; then it only sets the headers. A getter of a
   * class: an object literal with a getter has a hidden class of its own, which V8 keeps, with the whole request, until
   * a full collection.
   */
  get mustWait(): boolean {
    if (this.#steps !== null || this.#taken !== null || this.#state === "unreadable") return true;
    if (this.#record === null) return this.#changes?.isEmpty === false;
    return isDue(this.#core, this.#writing(this.#record, this.#changes, true), this.#core.now());
  }

  #step<T>(what: string, step: () => Promise<T>): Promise<T> {
    return this.#turns().run(what, step);
  }

  #turns(): Steps {
    this.#steps ??= new Steps(
      () => this.#isSettled,
      (message, error) => this.#core.events.warn(message, error),
    );
    return this.#steps;
  }

  async #settle(status: number, response: SessionResponse): Promise<Settled> {
    try {
      this.#steps?.throwUnhandled();
      if (isShown(this.#request, status)) this.#removeTaken();
      await (status < 500 ? this.#write(this.#changes, true) : this.#abandon());
    } catch (error) {
      await this.#abandon();
      this.#send(response);
      throw error;
    }
    return this.#send(response);
  }

  #removeTaken(): void {
    if (this.#taken === null) return;
    const data = this.read();
    for (const key of this.#taken) {
      if (!(key in data)) continue;
      this.#changes ??= new Changes(data, this.#core.settings.limits);
      this.#changes.remove(key);
    }
  }

  /** When this fails, the session goes on. */
  async #endFormer(): Promise<void> {
    const before = this.#state;
    try {
      await this.#end((record) => this.#core.end(record, "signedOut"));
    } catch (error) {
      this.#state = before;
      throw error;
    }
  }

  async #end(end: (record: SessionRecord) => Promise<unknown>): Promise<void> {
    const record = this.record();
    this.#state = "ending";
    if (record !== null) await end(record);
    this.#drop("ending");
    this.#mustClear = true;
  }

  /** Changes that the handler makes while this waits for the store are kept for the next commit. */
  async #flush(): Promise<boolean> {
    const pending = this.#changes;
    this.#changes = pending?.branch() ?? null;
    let isStored: boolean;
    try {
      isStored = await this.#write(pending, false);
    } catch (error) {
      if (this.#changes !== null) pending?.join(this.#changes);
      this.#changes = pending ?? this.#changes;
      throw error;
    }
    await this.#refresh();
    return isStored;
  }

  /**
   * Reads the stored data again, with the changes made meanwhile on top. Without a schema, data that was not read
   * before is not read.
   */
  async #refresh(): Promise<void> {
    const { schema } = this.#core.settings;
    if (this.#record === null || (this.#data === null && this.#changes === null && schema === undefined)) return;
    this.#data = await readData(this.#core, this.#record);
    this.#changes?.rebase(this.#data);
  }

  /** False when the session has ended. */
  async #write(changes: Changes | null, isLast: boolean): Promise<boolean> {
    if (this.#state === "none") return this.#beginAnonymous(changes);
    if (this.#record === null || this.#state === "ending") return false;
    const isOver = this.#core.endings.unconfirmed.has(this.#record.sid);
    const written = isOver ? null : await commitRecord(this.#core, this.#writing(this.#record, changes, isLast));
    if (written === null) {
      this.#drop("gone");
      return false;
    }
    this.#record = written.record;
    this.#newToken ??= this.#tokenOf(written);
    return true;
  }

  #tokenOf({ record: { sid }, newSecret: secret }: NonNullable<Written>): string | null {
    return secret && formatToken(this.#core.settings.tokenPrefix, { sid, secret });
  }

  /** Only the last write of a request may rotate: the client learns the new token from the response alone. */
  #writing(record: SessionRecord, changes: Changes | null, isLast: boolean): Writing {
    return {
      record,
      presented: this.#presented as Presented,
      changes,
      isActivity: this.#isActivity,
      canIssue: isLast && this.#newToken === null,
      mustRotate: this.#mustRotate,
      request: this.#request,
    };
  }

  /** An anonymous session costs nothing until something is written into it. */
  async #beginAnonymous(changes: Changes | null): Promise<true> {
    if (changes === null || Object.keys(changes.view).length === 0) return true;
    checkOrigin(this.#core, this.#writer(), this.#request);
    await this.#begin({ userId: null, data: await checkedText(this.#core, changes.view) });
    return true;
  }

  async #begin(beginning: Beginning): Promise<NewSession> {
    const created = await this.#core.create(beginning).catch((error: unknown) => {
      this.#state = "none";
      throw error;
    });
    this.#record = created.record;
    this.#presented = { secret: created.secret, digest: created.record.secretDigest };
    this.#newToken = created.token;
    this.#state = "begun";
    return created;
  }

  /** Ends a record whose place the new session takes. From then on the new one stays, also when the request fails. */
  async #replace(sid: string): Promise<void> {
    try {
      if (!(await this.#core.ask("end a former session", (store) => store.delete(sid)))) throw revoked();
      this.#state = "loaded";
    } catch (error) {
      await this.#abandon();
      this.#state = "none";
      throw error;
    }
  }

  #drop(state: State): void {
    this.#state = state;
    this.#record = null;
    this.#data = null;
    this.#changes = null;
    this.#newToken = null;
  }

  /** A failed request leaves nothing behind, not even the session it began; a session that it ended stays ended. */
  async #abandon(): Promise<void> {
    const record = this.#record;
    this.#changes = null;
    if (record === null || (this.#state !== "begun" && this.#state !== "unreadable")) return;
    this.#drop("gone");
    await this.#core.end(record, "revoked", { reason: "failed" }).catch(() => {});
  }

  #send(response: SessionResponse): Settled {
    const newToken = this.#newToken;
    const carriesToken = newToken !== null || this.#mustClear;
    if (newToken !== null && this.#record !== null) this.#issue(newToken, this.#record, response);
    else if (this.#mustClear) this.#transport?.clear(response);
    if (this.#isUsed || carriesToken) this.#keepFromCaches(response, carriesToken);
    return carriesToken ? { newToken, cleared: newToken === null && this.#transport !== null } : UNCHANGED;
  }

  #keepFromCaches(response: SessionResponse, carriesToken: boolean): void {
    if (this.#transport !== null || carriesToken) keepFromCaches(response, carriesToken);
    const { transports } = this.#core.settings;
    // By index, because V8 walks a frozen list with a call for each item.
    for (let index = 0; index < transports.length; index++)
      response.append("vary", (transports[index] as SessionTransport).requestHeader);
  }

  #issue(token: string, { absoluteExpiresAt, persistent }: SessionRecord, response: SessionResponse): void {
    const writer = this.#writer();
    writer.issue(token, persistent ? absoluteExpiresAt - this.#core.now() : null, response);
    this.#core.warnOnce(writer.objection?.(this.#request));
  }

  /** The transport that answers: the one the request used, or the first. */
  #writer(): SessionTransport {
    return this.#transport ?? (this.#core.settings.transports[0] as SessionTransport);
  }

  #parseData(): JsonObject {
    try {
      return this.#record === null ? EMPTY : parseData(this.#record.data);
    } catch (error) {
      if (this.#state === "loaded") this.#state = "unreadable";
      this.#core.reportFailure(READING, error);
      throw error;
    }
  }
}
