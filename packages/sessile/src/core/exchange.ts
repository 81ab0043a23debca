// One request and its response: the order in which a session is opened, changed, ended, written and sent. Every adapter
// drives it; none has an order of its own.

import { checkedText, commitRecord, isDue, READING, readData, type Writing } from "./commit.ts";
import { type Beginning, type Core, type NewSession, revoked } from "./core.ts";
import { type JsonObject, parseData } from "./data.ts";
import { Changes } from "./delta.ts";
import { SessionError } from "./errors.ts";
import { checkOrigin, type Opened } from "./open.ts";
import type { SessionRecord } from "./record.ts";
import { type Arrival, checkAuthenticatedAt, checkDevice, checkUserId, firstData, REPLACES } from "./sign-in.ts";
import { noteAwait } from "./steps.ts";
import type { SessionRequest, SessionResponse, SessionTransport } from "./transport.ts";

/** What the session of one request is at the moment. */
type State =
  /** nothing is stored */
  | "none"
  /** as the store gave it */
  | "loaded"
  /** made by this request, which removes it when it fails */
  | "begun"
  /** its data cannot be read; a request that fails removes it */
  | "unreadable"
  /** its end was asked for, and the store has not confirmed it: nothing more is written */
  | "ending"
  /** ended by this request: the client forgets its token */
  | "signedOut"
  /** ended elsewhere during the request: the client is sent nothing, because it may already hold the token of a newer sign-in */
  | "gone";

/** A failure of something that the handler asked for. */
interface Failure {
  readonly error: unknown;
  /** Whether it is the handler's to deal with: not where it did not wait, nor where it answered before. */
  readonly isHandled: () => boolean;
}

export class SessionExchange {
  readonly #core: Core;
  readonly #request: SessionRequest;
  readonly #transport: SessionTransport | null;
  #state: State;
  #record: SessionRecord | null;
  /** Digest of the secret that the client holds, as far as this request knows. */
  #digest: string | null;
  #changes: Changes | null = null;
  #newToken: string | null = null;
  #isActivity = true;
  #rotateAfter: number;
  #isSettled = false;
  /** The handler looked at the session: the response depends on it. */
  #isUsed = false;
  /** The last of the steps that wait for the store, if any. They run one after the other, also when the handler does not wait. */
  #lastStep: Promise<unknown> | null = null;
  readonly #failures: Failure[] = [];

  constructor(core: Core, request: SessionRequest, opened: Opened) {
    this.#core = core;
    this.#request = request;
    this.#transport = opened.transport;
    this.#state = opened.record === null ? "none" : "loaded";
    this.#record = opened.record;
    this.#digest = opened.digest;
    if (opened.data !== null) this.#changes = new Changes(opened.data, core.settings.limits);
    this.#rotateAfter = core.settings.rotateAfter;
  }

  /** The session's record as last known; `null` while there is none. */
  look(): SessionRecord | null {
    this.#isUsed = true;
    return this.#record;
  }

  /** Whether the request presented a credential, a good one or not. */
  hasCredential(): boolean {
    this.#isUsed = true;
    return this.#transport !== null;
  }

  /** The data with this request's changes; parsed when it is first asked for. */
  read(): Changes {
    this.#isUsed = true;
    this.#changes ??= new Changes(this.#parseData(), this.#core.settings.limits);
    return this.#changes;
  }

  /** The same, for a change. Throws `ERR_SESSION_STATE` when the change could not be kept. */
  change(): Changes {
    this.#checkOpen("change the session");
    if (this.#state === "ending" || this.#state === "signedOut")
      throw new SessionError(
        "ERR_SESSION_STATE",
        "The session was signed out in this request; sign in before writing.",
      );
    return this.read();
  }

  now(): number {
    return this.#core.now();
  }

  notActivity(): void {
    this.#isActivity = false;
  }

  rotate(): void {
    this.#checkOpen("rotate the session");
    this.#isUsed = true;
    this.#rotateAfter = Number.NEGATIVE_INFINITY;
  }

  /**
   * Ends the presented session, then begins a new one with nothing but what `arrival` names. In this order, because then a
   * crash between the two leaves no session rather than two, and the old one does not count against the user's limit.
   */
  signIn(userId: string, arrival: Arrival): Promise<string> {
    return this.#step("sign in", async () => {
      checkOrigin(this.#core, this.#writer(), this.#request);
      const user = {
        userId: checkUserId(userId),
        device: checkDevice(arrival.device),
        authenticatedAt: checkAuthenticatedAt(arrival.authenticatedAt),
      };
      const data = await firstData(this.#core, arrival, () => this.read().view);
      await this.#endFormer();
      const { token, evicted } = await this.#begin({ ...user, data });
      const former = arrival[REPLACES];
      if (former !== undefined && !evicted.includes(former)) await this.#replace(former);
      await this.#refresh();
      return token;
    });
  }

  /** Ends the session; the store has confirmed it when this returns. Without a session nothing happens. */
  signOut(): Promise<void> {
    return this.#step("sign out", async () => {
      this.#newToken = null;
      await this.#end((record) => this.#core.signOut(record));
    });
  }

  /** Calls `listener` when the session has ended, here or elsewhere. Without a session there is nothing to end. */
  onEnded(listener: () => unknown): () => void {
    const record = this.look();
    return record === null ? () => {} : this.#core.watch.add(record.sid, listener);
  }

  /** Writes what is pending, and lets the request go on. */
  flush(): Promise<void> {
    return this.#step("commit the session", () => this.#flush());
  }

  /**
   * Settles the session before the response leaves: writes the changes unless `status` is 500 or more, then tells the client
   * what it must know. When the store fails this rejects, and `response` still gets what holds in any case.
   */
  async commit(status: number, response: SessionResponse): Promise<void> {
    const { mustWait } = this;
    const isFirst = !this.#isSettled;
    this.#isSettled = true;
    if (!isFirst) await this.#lastStep;
    else if (mustWait) await this.#inTurn(() => this.#settle(status, response));
    else this.#send(response);
  }

  /** Whether `commit` has to wait for the store. Most requests only read; then it sets the headers before it returns. */
  get mustWait(): boolean {
    if (this.#lastStep !== null || this.#state === "unreadable") return true;
    if (this.#record === null) return this.#changes?.isEmpty === false;
    return isDue(this.#core, this.#writing(this.#record, this.#changes, true));
  }

  /**
   * Runs what the handler asks for, after what it asked for before. Where the handler does not wait for it, the response does, and answers
   * its failure.
   */
  #step<T>(what: string, step: () => Promise<T>): Promise<T> {
    let isAwaited = false;
    const run = this.#isSettled
      ? this.#refuse(what, () => isAwaited)
      : this.#inTurn(() => this.#watch(step, () => isAwaited));
    return noteAwait(run, () => {
      isAwaited = true;
    });
  }

  async #watch<T>(step: () => Promise<T>, isAwaited: () => boolean): Promise<T> {
    try {
      return await step();
    } catch (error) {
      const wasAnswered = this.#isSettled;
      this.#failures.push({ error, isHandled: () => isAwaited() && !wasAnswered });
      throw error;
    }
  }

  /** Where the handler does not wait for what comes too late, no answer can tell of it. */
  async #refuse(what: string, isAwaited: () => boolean): Promise<never> {
    const error = tooLate(what);
    setTimeout(() => {
      if (!isAwaited()) this.#core.events.warn("A session was used after its response had left:", error);
    });
    throw error;
  }

  #inTurn<T>(step: () => Promise<T>): Promise<T> {
    const done = this.#lastStep === null ? step() : this.#lastStep.then(step);
    this.#lastStep = done.catch(() => {});
    return done;
  }

  async #settle(status: number, response: SessionResponse): Promise<void> {
    try {
      const failure = this.#failures.find(({ isHandled }) => !isHandled());
      if (failure !== undefined) throw failure.error;
      await (status < 500 ? this.#write(this.#changes, true) : this.#abandon());
    } catch (error) {
      await this.#abandon();
      throw error;
    } finally {
      this.#send(response);
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
    const record = this.look();
    this.#state = "ending";
    if (record !== null) await end(record);
    this.#drop("signedOut");
  }

  /** What the handler changes while this waits for the store is kept for the next commit. */
  async #flush(): Promise<void> {
    const pending = this.#changes;
    this.#changes = pending?.branch() ?? null;
    try {
      await this.#write(pending, false);
    } catch (error) {
      if (this.#changes !== null) pending?.join(this.#changes);
      this.#changes = pending ?? this.#changes;
      throw error;
    }
    await this.#refresh();
  }

  /** Shows what is stored now, with what was changed meanwhile on top. Without a schema, what nobody asked for is read when somebody does. */
  async #refresh(): Promise<void> {
    if (this.#record === null || (this.#changes ?? this.#core.settings.schema) == null) return;
    const data = await readData(this.#core, this.#record);
    this.#changes ??= new Changes(data, this.#core.settings.limits);
    this.#changes.rebase(data);
  }

  async #write(changes: Changes | null, isLast: boolean): Promise<void> {
    if (this.#state === "none") return this.#beginAnonymous(changes);
    if (this.#record === null || this.#state === "ending") return;
    if (this.#core.endings.get(this.#record.sid) !== undefined) return this.#drop("gone");
    const written = await commitRecord(this.#core, this.#writing(this.#record, changes, isLast));
    if (written === null) return this.#drop("gone");
    this.#record = written.record;
    this.#newToken ??= written.newToken;
  }

  /** Only the last write of a request may rotate: the client learns the new token from the response alone. */
  #writing(record: SessionRecord, changes: Changes | null, isLast: boolean): Writing {
    const rotateAfter = isLast && this.#newToken === null ? this.#rotateAfter : Number.POSITIVE_INFINITY;
    return { record, digest: this.#digest, changes, isActivity: this.#isActivity, rotateAfter };
  }

  /** An anonymous session costs nothing until something is written into it. */
  async #beginAnonymous(changes: Changes | null): Promise<void> {
    if (changes === null || Object.keys(changes.view).length === 0) return;
    checkOrigin(this.#core, this.#writer(), this.#request);
    await this.#begin({ userId: null, data: await checkedText(this.#core, changes.view) });
  }

  async #begin(beginning: Beginning): Promise<NewSession> {
    const created = await this.#core.create(beginning);
    this.#record = created.record;
    this.#digest = created.record.secretDigest;
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
    this.#changes = null;
    this.#newToken = null;
  }

  /** A failed request leaves nothing behind, not even the session it began; what it ended stays ended. */
  async #abandon(): Promise<void> {
    const record = this.#record;
    this.#changes?.undo();
    if (record === null || (this.#state !== "begun" && this.#state !== "unreadable")) return;
    this.#drop("gone");
    await this.#core.end(record, "revoked", { reason: "failed" }).catch(() => {});
  }

  #send(response: SessionResponse): void {
    const carriesToken = this.#newToken !== null || this.#state === "signedOut";
    if (this.#newToken !== null && this.#record !== null) {
      this.#issue(this.#newToken, this.#record, response);
    } else if (this.#state === "signedOut") this.#transport?.clear(response);
    if (!this.#isUsed && !carriesToken) return;
    if (this.#transport !== null || carriesToken) keepFromCaches(response, carriesToken);
    const { transports } = this.#core.settings;
    // By index, because V8 walks a frozen list with a call for each item.
    for (let index = 0; index < transports.length; index++)
      response.append("vary", (transports[index] as SessionTransport).requestHeader);
  }

  #issue(token: string, { absoluteExpiresAt }: SessionRecord, response: SessionResponse): void {
    const writer = this.#writer();
    writer.issue(token, absoluteExpiresAt - this.#core.now(), response);
    this.#core.warnOnce(writer.objection?.(this.#request));
  }

  /** The transport that answers: the one the request used, or the first. */
  #writer(): SessionTransport {
    return this.#transport ?? (this.#core.settings.transports[0] as SessionTransport);
  }

  #parseData(): JsonObject {
    try {
      return this.#record === null ? {} : parseData(this.#record.data);
    } catch (error) {
      if (this.#state === "loaded") this.#state = "unreadable";
      this.#core.reportFailure(READING, error);
      throw error;
    }
  }

  #checkOpen(what: string): void {
    if (this.#isSettled) throw tooLate(what);
  }
}

function tooLate(what: string): SessionError {
  const message = `It is too late to ${what}: the response has left. Do it before answering.`;
  return new SessionError("ERR_SESSION_STATE", message);
}

/**
 * Adds `no-store` to a response that depends on a credential; without one, `Vary` is enough. An application that says
 * `private` has decided for itself, but a response that carries a token is stored nowhere. `no-transform` is no matter of
 * caches: it keeps middleware from compressing a stream, and so from holding it back.
 */
function keepFromCaches(response: SessionResponse, carriesToken: boolean): void {
  const directives =
    response
      .get("cache-control")
      ?.toLowerCase()
      .split(/\s*,\s*/) ?? [];
  if (directives.includes("no-store") || (!carriesToken && directives.includes("private"))) return;
  response.set("cache-control", directives.includes("no-transform") ? "no-store, no-transform" : "no-store");
}
