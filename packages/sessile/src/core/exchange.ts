// One request and its response: the order in which a session is opened, changed, ended, written and sent. Every adapter
// drives it; none has an order of its own.

import { Changes } from "./changes.ts";
import { checkedText, commitRecord } from "./commit.ts";
import type { Core } from "./core.ts";
import { SessionError } from "./errors.ts";
import { type JsonObject, parseData } from "./json.ts";
import { checkOrigin, type Opened } from "./open.ts";
import type { SessionRecord } from "./record.ts";
import type { SessionRequest, SessionResponse, SessionTransport } from "./transport.ts";

/** What a sign-in may bring along. */
export interface Arrival {
  /** The first data of the new session. */
  readonly data?: object;
  /** Keys to carry over from the session that was presented. */
  readonly keep?: readonly string[];
  /** What to show of the device in lists, at most 200 characters. */
  readonly device?: string;
}

export class SessionExchange {
  readonly #core: Core;
  readonly #request: SessionRequest;
  readonly #transport: SessionTransport | null;
  #record: SessionRecord | null;
  /** Digest of the secret that the client holds, as far as this request knows. */
  #digest: string | null;
  #loaded: JsonObject | null;
  #changes: Changes | null = null;
  #newToken: string | null = null;
  #isActivity = true;
  #rotationAsked = false;
  /** A failed request removes its record: one that it began itself, or one that cannot be read. */
  #removeOnFailure = false;
  #isSignedOut = false;
  /** Someone else ended the session during the request. */
  #isGone = false;
  #isSettled = false;
  /** The handler looked at the session: the response depends on it. */
  #isUsed = false;

  constructor(core: Core, request: SessionRequest, opened: Opened) {
    this.#core = core;
    this.#request = request;
    this.#transport = opened.transport;
    this.#record = opened.record;
    this.#digest = opened.digest;
    this.#loaded = opened.data;
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
    this.#changes ??= new Changes(this.#loaded ?? this.#parseData(), this.#core.settings.limits);
    return this.#changes;
  }

  /** The same, for a change. Throws `ERR_SESSION_STATE` when the change could not be kept. */
  get writableData(): Changes {
    this.#checkOpen("change the session");
    if (this.#isSignedOut) throw new SessionError("ERR_SESSION_STATE", "The session was signed out in this request; sign in before writing.");
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
    this.#rotationAsked = true;
  }

  /**
   * Ends the presented session, then begins a new one with nothing but what `arrival` names. In this order, because then a
   * crash between the two leaves no session rather than two, and the old one does not count against the user's limit.
   */
  async signIn(userId: string, arrival: Arrival): Promise<string> {
    this.#checkOpen("sign in");
    checkOrigin(this.#writer(), this.#request);
    const beginning = { userId: checkUserId(userId), data: await this.#firstData(arrival), device: checkDevice(arrival.device) };
    await this.signOut();
    return this.#begin(beginning);
  }

  /** Ends the session; the store has confirmed it when this returns. Without a session nothing happens. */
  async signOut(): Promise<void> {
    this.#checkOpen("sign out");
    const record = this.record;
    this.#drop();
    this.#isSignedOut = true;
    if (record === null) return;
    const ended = await this.#core.ask("end a session", (store) => store.delete(record.sid));
    if (ended) this.#core.events.emit("signedOut", { sid: record.sid, userId: record.userId, at: this.#core.now() });
  }

  /** Calls `listener` when the session has ended, here or elsewhere. Without a session there is nothing to end. */
  onEnded(listener: () => unknown): () => void {
    const record = this.record;
    return record === null ? () => {} : this.#core.watch.add(record.sid, record.expiresAt, listener);
  }

  /** Writes what is pending, and lets the request go on. */
  async flush(): Promise<void> {
    this.#checkOpen("commit the session");
    await this.#write();
  }

  /**
   * Settles the session before the response leaves: writes the changes unless `status` is 500 or more, then tells the client
   * what it must know. When the store fails this rejects, and `response` still gets what holds in any case.
   */
  async commit(status: number, response: SessionResponse): Promise<void> {
    if (this.#isSettled) return;
    this.#isSettled = true;
    try {
      await (status < 500 ? this.#write() : this.#abandon());
    } catch (error) {
      await this.#abandon();
      throw error;
    } finally {
      this.#send(response);
    }
  }

  async #write(): Promise<void> {
    if (this.#isGone || this.#isSignedOut) return;
    if (this.#record === null) return this.#beginAnonymous();
    const changes = this.#changes;
    const written = await commitRecord(this.#core, {
      record: this.#record,
      digest: this.#digest,
      changes,
      isActivity: this.#isActivity,
      rotationAsked: this.#rotationAsked,
    });
    if (written === "gone") return this.#leave();
    const token = written.newToken ?? this.#newToken;
    if (written.newToken !== null) this.#digest = written.record.secretDigest;
    this.#drop();
    this.#record = written.record;
    this.#newToken = token;
  }

  /** An anonymous session costs nothing until something is written into it. */
  async #beginAnonymous(): Promise<void> {
    if (this.#changes === null || this.#changes.isEmpty) return;
    checkOrigin(this.#writer(), this.#request);
    await this.#begin({ userId: null, data: await checkedText(this.#core, this.#changes.view) });
  }

  async #begin(beginning: { userId: string | null; data: string; device?: string | null }): Promise<string> {
    const { record, token } = await this.#core.create(beginning);
    this.#drop();
    this.#record = record;
    this.#digest = record.secretDigest;
    this.#newToken = token;
    this.#isSignedOut = false;
    this.#isGone = false;
    this.#removeOnFailure = true;
    return token;
  }

  /**
   * The session ended elsewhere meanwhile. The changes are dropped and nothing is sent; in particular the cookie is not
   * cleared, because the browser may already hold the cookie of a newer sign-in.
   */
  #leave(): void {
    this.#drop();
    this.#isGone = true;
  }

  #drop(): void {
    this.#record = null;
    this.#loaded = null;
    this.#changes = null;
    this.#newToken = null;
    this.#rotationAsked = false;
  }

  /** A failed request leaves nothing behind, not even the session it began; what it ended stays ended. */
  async #abandon(): Promise<void> {
    const record = this.#record;
    this.#drop();
    if (record === null || !this.#removeOnFailure) return;
    await this.#core.ask("end a session", (store) => store.delete(record.sid)).catch(() => false);
  }

  async #firstData({ data = {}, keep = [] }: Arrival): Promise<string> {
    const first = new Changes({}, this.#core.settings.limits);
    const present = this.data.view;
    for (const key of keep) if (present[key] !== undefined) first.set(key, present[key]);
    for (const [key, value] of Object.entries(data)) first.set(key, value);
    return checkedText(this.#core, first.view);
  }

  #send(response: SessionResponse): void {
    if (this.#newToken !== null && this.#record !== null) {
      this.#writer().issue(this.#newToken, this.#record.absoluteExpiresAt - this.#core.now(), response);
    } else if (this.#isSignedOut) this.#transport?.clear(response);
    if (!this.#isUsed && this.#newToken === null) return;
    response.set("cache-control", "no-store");
    for (const { requestHeader } of this.#core.settings.transports) response.append("vary", requestHeader);
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
      this.#core.events.emit("storeFailed", { operation: "read a stored session", error, at: this.#core.now() });
      throw error;
    }
  }

  #checkOpen(what: string): void {
    if (!this.#isSettled) return;
    throw new SessionError("ERR_SESSION_STATE", `It is too late to ${what}: the response has left. Do it before answering.`);
  }
}

function checkUserId(userId: unknown): string {
  if (typeof userId === "string" && userId !== "" && userId.length <= 256 && userId.isWellFormed()) return userId;
  throw new SessionError("ERR_SESSION_VALUE", "`userId` must be well-formed text of 1 to 256 characters. Convert numbers with `String(id)`.");
}

function checkDevice(device: unknown): string | null {
  if (device === undefined) return null;
  if (typeof device === "string" && device.length <= 200 && device.isWellFormed()) return device;
  throw new SessionError("ERR_SESSION_VALUE", "`device` must be well-formed text of at most 200 characters.");
}
