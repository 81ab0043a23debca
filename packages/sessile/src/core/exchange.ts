// One request and its response: the order in which a session is opened, changed, ended, written and sent. Every adapter
// drives it; none has an order of its own.

import { type Arrival, checkAuthenticatedAt, checkDevice, checkUserId, firstData } from "./arrival.ts";
import { Changes } from "./changes.ts";
import { checkedText, commitRecord, isDue, READING, readData, type Writing } from "./commit.ts";
import type { Beginning, Core } from "./core.ts";
import { SessionError } from "./errors.ts";
import { type JsonObject, parseData } from "./json.ts";
import { checkOrigin, type Opened } from "./open.ts";
import type { SessionRecord } from "./record.ts";
import type { SessionRequest, SessionResponse, SessionTransport } from "./transport.ts";

export class SessionExchange {
  readonly #core: Core;
  readonly #request: SessionRequest;
  readonly #transport: SessionTransport | null;
  #record: SessionRecord | null;
  /** Digest of the secret that the client holds, as far as this request knows. */
  #digest: string | null;
  #changes: Changes | null = null;
  #newToken: string | null = null;
  #isActivity = true;
  #rotateAfter: number;
  /** A failed request removes its record: one that it began itself, or one that cannot be read. */
  #removeOnFailure = false;
  #isSignedOut = false;
  /** Someone else ended the session during the request. */
  #isGone = false;
  #isSettled = false;
  /** The handler looked at the session: the response depends on it. */
  #isUsed = false;
  /** The last of the steps that wait for the store, if any. They run one after the other, also when the handler does not wait. */
  #lastStep: Promise<unknown> | null = null;

  constructor(core: Core, request: SessionRequest, opened: Opened) {
    this.#core = core;
    this.#request = request;
    this.#transport = opened.transport;
    this.#record = opened.record;
    this.#digest = opened.digest;
    if (opened.data !== null) this.#changes = new Changes(opened.data, core.settings.limits);
    this.#rotateAfter = core.settings.rotateAfter;
  }

  /** The session's record as last known; `null` while there is none. */
  get record(): SessionRecord | null {
    this.#isUsed = true;
    return this.#record;
  }

  /** Whether the request presented a credential, a good one or not. */
  get hasCredential(): boolean {
    this.#isUsed = true;
    return this.#transport !== null;
  }

  /** The data with this request's changes; parsed when it is first asked for. */
  get data(): Changes {
    this.#isUsed = true;
    this.#changes ??= new Changes(this.#parseData(), this.#core.settings.limits);
    return this.#changes;
  }

  /** The same, for a change. Throws `ERR_SESSION_STATE` when the change could not be kept. */
  get writableData(): Changes {
    this.#checkOpen("change the session");
    if (this.#isSignedOut)
      throw new SessionError(
        "ERR_SESSION_STATE",
        "The session was signed out in this request; sign in before writing.",
      );
    return this.data;
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
  async signIn(userId: string, arrival: Arrival): Promise<string> {
    this.#checkOpen("sign in");
    checkOrigin(this.#writer(), this.#request);
    const user = {
      userId: checkUserId(userId),
      device: checkDevice(arrival.device),
      authenticatedAt: checkAuthenticatedAt(arrival.authenticatedAt),
    };
    return this.#inTurn(async () => {
      const data = await firstData(this.#core, arrival, () => this.data.view);
      await this.#end();
      const token = await this.#begin({ ...user, data });
      await this.#refresh();
      return token;
    });
  }

  /** Ends the session; the store has confirmed it when this returns. Without a session nothing happens. */
  async signOut(): Promise<void> {
    this.#checkOpen("sign out");
    await this.#inTurn(() => this.#end());
  }

  /** Calls `listener` when the session has ended, here or elsewhere. Without a session there is nothing to end. */
  onEnded(listener: () => unknown): () => void {
    const record = this.record;
    return record === null ? () => {} : this.#core.watch.add(record.sid, listener);
  }

  /** Writes what is pending, and lets the request go on. */
  async flush(): Promise<void> {
    this.#checkOpen("commit the session");
    await this.#inTurn(() => this.#flush());
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
    if (this.#lastStep !== null || this.#removeOnFailure) return true;
    if (this.#record === null) return this.#changes?.isEmpty === false;
    return isDue(this.#core, this.#writing(this.#record, this.#changes, true));
  }

  #inTurn<T>(step: () => Promise<T>): Promise<T> {
    const done = this.#lastStep === null ? step() : this.#lastStep.then(step);
    this.#lastStep = done.catch(() => {});
    return done;
  }

  async #settle(status: number, response: SessionResponse): Promise<void> {
    try {
      await (status < 500 ? this.#write(this.#changes, true) : this.#abandon());
    } catch (error) {
      await this.#abandon();
      throw error;
    } finally {
      this.#send(response);
    }
  }

  async #end(): Promise<void> {
    const record = this.record;
    this.#isSignedOut = true;
    this.#newToken = null;
    if (record !== null) await this.#core.end(record, "signedOut");
    this.#drop();
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
    if (this.#isGone || this.#isSignedOut) return;
    if (this.#record === null) return this.#beginAnonymous(changes);
    const written = await commitRecord(this.#core, this.#writing(this.#record, changes, isLast));
    if (written === null) {
      // in particular the cookie is not cleared: the browser may already hold that of a newer sign-in
      this.#isGone = true;
      return this.#drop();
    }
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
    checkOrigin(this.#writer(), this.#request);
    await this.#begin({ userId: null, data: await checkedText(this.#core, changes.view) });
  }

  async #begin(beginning: Beginning): Promise<string> {
    const { record, token } = await this.#core.create(beginning);
    this.#record = record;
    this.#digest = record.secretDigest;
    this.#newToken = token;
    this.#isSignedOut = false;
    this.#isGone = false;
    this.#removeOnFailure = true;
    return token;
  }

  #drop(): void {
    this.#record = null;
    this.#changes = null;
    this.#newToken = null;
  }

  /** A failed request leaves nothing behind, not even the session it began; what it ended stays ended. */
  async #abandon(): Promise<void> {
    const record = this.#record;
    this.#changes?.undo();
    if (record === null || !this.#removeOnFailure) return;
    this.#drop();
    await this.#core.end(record, "revoked", { reason: "failed" }).catch(() => {});
  }

  #send(response: SessionResponse): void {
    const carriesToken = this.#newToken !== null || this.#isSignedOut;
    if (this.#newToken !== null && this.#record !== null) {
      this.#writer().issue(this.#newToken, this.#record.absoluteExpiresAt - this.#core.now(), response);
    } else if (this.#isSignedOut) this.#transport?.clear(response);
    if (!this.#isUsed && !carriesToken) return;
    if (this.#transport !== null || carriesToken) keepFromCaches(response, carriesToken);
    const { transports } = this.#core.settings;
    // By index, because V8 walks a frozen list with a call for each item.
    for (let index = 0; index < transports.length; index++)
      response.append("vary", (transports[index] as SessionTransport).requestHeader);
  }

  /** The transport that answers: the one the request used, or the first. */
  #writer(): SessionTransport {
    return this.#transport ?? (this.#core.settings.transports[0] as SessionTransport);
  }

  #parseData(): JsonObject {
    try {
      return this.#record === null ? {} : parseData(this.#record.data);
    } catch (error) {
      this.#removeOnFailure = true;
      this.#core.reportFailure(READING, error);
      throw error;
    }
  }

  #checkOpen(what: string): void {
    if (!this.#isSettled) return;
    throw new SessionError(
      "ERR_SESSION_STATE",
      `It is too late to ${what}: the response has left. Do it before answering.`,
    );
  }
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
