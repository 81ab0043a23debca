// The session as a handler holds it during one request. Reads answer at once; writes are kept as changes until the
// response leaves.

import type { Json } from "./data.ts";
import { refusedWrite, required, SessionError } from "./errors.ts";
import type { SessionExchange } from "./exchange.ts";
import { withoutFlashes } from "./flash.ts";
import type { SessionManager } from "./manager.ts";
import type { Elevation, SignInOptions } from "./sign-in.ts";

/**
 * The program's manager, for types that a framework has once for the whole program, such as the request of Express.
 * Name it once, and every session has the type of its data:
 *
 * ```ts
 * declare module "sessile" {
 *   interface Register { manager: typeof manager }
 * }
 * ```
 */
// biome-ignore lint/suspicious/noEmptyInterface: applications name their manager by declaration merging
export interface Register {}

/** The data of the sessions of the manager that `Register` names; any JSON where it names none. */
export type SessionData = Register extends { readonly manager: SessionManager<infer Data> }
  ? Data
  : Record<string, Json>;

/** The same for `SessionManager` without a type argument; every manager fits where `Register` names none. */
// biome-ignore lint/suspicious/noExplicitAny: the data has no part in the types of such a program
export type ManagerData = Register extends { readonly manager: object } ? SessionData : any;

/** A deeply read-only view: values of a session are changed by `set` and `update` only. `Json` is one already. */
export type Frozen<T> = [Json] extends [T] ? T : T extends object ? { readonly [K in keyof T]: Frozen<T[K]> } : T;

/** A session with a signed-in user. */
export type SignedInSession<Data extends object = SessionData> = Session<Data> & {
  readonly sid: string;
  readonly userId: string;
  readonly createdAt: number;
  readonly authenticatedAt: number;
  readonly lastSeenAt: number;
  readonly expiresAt: number;
  readonly absoluteExpiresAt: number;
  readonly persistent: boolean;
  readonly version: number;
};

/** Greatest difference between the clocks of several machines, in milliseconds. */
const CLOCK_SKEW = 60_000;

const INSPECT: unique symbol = Symbol.for("nodejs.util.inspect.custom");

/** Makes a session, for the exchange alone. */
export let sessionOf: <Data extends object>(exchange: SessionExchange<Data>) => Session<Data>;

/** Methods that programs call out of habit, and what to call instead. */
const OF_EXPRESS_SESSION = {
  save: "`session.commit()`, or nothing: changes are written when the response leaves",
  reload: "`session.commit()`, which reads the stored data again",
  destroy: "`session.signOut()`",
  regenerate: "`session.signIn(userId)`, which begins a new session, or `session.rotate()`",
};

/** The session of one request, anonymous until `signIn`. Changes are written when the response leaves. */
export class Session<Data extends object = SessionData> {
  readonly #exchange: SessionExchange<Data>;

  static {
    refuseWrites(Session.prototype);
    sessionOf = (exchange) => new Session(exchange);
  }

  /** Sessions come from a manager. */
  private constructor(exchange: SessionExchange<Data>) {
    this.#exchange = exchange;
  }

  /** Public handle, fit for lists, logs and URLs; `null` while nothing is stored. */
  get sid(): string | null {
    return this.#exchange.record()?.sid ?? null;
  }

  /** The id of the signed-in user; `null` for an anonymous session. */
  get userId(): string | null {
    return this.#exchange.record()?.userId ?? null;
  }

  /** When the session began, in milliseconds since 1970; `null` while nothing is stored. */
  get createdAt(): number | null {
    return this.#exchange.record()?.createdAt ?? null;
  }

  /**
   * When the user proved who they are, by sign-in or `elevate`; `null` for an anonymous session. To demand a recent proof
   * use `requireFresh`.
   */
  get authenticatedAt(): number | null {
    return this.#exchange.record()?.authenticatedAt ?? null;
  }

  /** The last activity that this process knows; `null` while nothing is stored. */
  get lastSeenAt(): number | null {
    return this.#exchange.seen()?.lastSeenAt ?? null;
  }

  /** When the session ends unless it is used; `null` while nothing is stored. */
  get expiresAt(): number | null {
    return this.#exchange.seen()?.expiresAt ?? null;
  }

  /** When the session ends whatever happens; `null` while nothing is stored. */
  get absoluteExpiresAt(): number | null {
    return this.#exchange.record()?.absoluteExpiresAt ?? null;
  }

  /** Whether the browser keeps the session's cookie when it is closed; `null` while nothing is stored. */
  get persistent(): boolean | null {
    return this.#exchange.record()?.persistent ?? null;
  }

  /**
   * Counts the changes of the data, from 1: two states of the data never have one version, so it serves as an ETag.
   * Touches and rotations leave it as it is. `null` while nothing is stored.
   */
  get version(): number | null {
    return this.#exchange.record()?.version ?? null;
  }

  /** Whether the request came with a token, a good one or not. */
  get hasCredential(): boolean {
    return this.#exchange.hasCredential();
  }

  /** Whether a user is signed in. */
  isSignedIn(): this is SignedInSession<Data> {
    return this.userId !== null;
  }

  /**
   * The session itself, as that of a signed-in user. Throws `ERR_SESSION_REQUIRED` when no user is signed in; every
   * adapter answers it as its `requireSession` does, with 401 `{"detail": "Not authenticated"}`.
   */
  require(): SignedInSession<Data> {
    if (this.isSignedIn()) return this;
    throw required();
  }

  /** The value of `key`, frozen; `undefined` when it has none. */
  get<Key extends keyof Data & string>(key: Key): Frozen<Data[Key]> | undefined {
    return freeze(this.#exchange.read()[key]) as Frozen<Data[Key]> | undefined;
  }

  /** Whether `key` has a value. */
  has(key: keyof Data & string): boolean {
    return this.#exchange.read()[key] !== undefined;
  }

  /** The keys that have a value. */
  keys(): (keyof Data & string)[] {
    return Object.keys(withoutFlashes(this.#exchange.read())) as (keyof Data & string)[];
  }

  /**
   * Sets `key`, whatever other requests set it to; `undefined` removes it. The value is copied: changing it later
   * changes nothing. Throws `ERR_SESSION_VALUE` when it is not JSON; members of objects that are `undefined` are left out.
   */
  set<Key extends keyof Data & string>(key: Key, value: Data[Key] | undefined): void {
    this.#exchange.change().set(key, value);
  }

  /** Removes `key`. */
  remove(key: keyof Data & string): void {
    this.#exchange.change().remove(key);
  }

  /**
   * Computes the new value of `key` from the present one, without losing what other requests do at the same time: when
   * the session turns out to have changed, `fn` runs again on the newer value. So `fn` should do nothing else than
   * compute. It gets a copy that it may change and return; returning `undefined` removes the key.
   *
   * The value of `get` afterwards may still be superseded; after `await session.commit()` it is the stored one.
   */
  update<Key extends keyof Data & string>(key: Key, fn: (value: Data[Key] | undefined) => Data[Key] | undefined): void {
    this.#exchange.change().update(key, fn as (value: unknown) => unknown);
  }

  /**
   * Keeps a message for the next page, beside those of the same kind that no page has shown yet. An anonymous visitor
   * gets a session for it, as `set` begins one. The last 20 messages are kept. Throws `ERR_SESSION_VALUE` when it is not
   * JSON.
   */
  flash(kind: string, message: Json): void {
    this.#exchange.change().flash(kind, message);
  }

  /**
   * The messages of a kind, oldest first; an empty list when there are none. Those returned once in a request are not
   * returned again. They are removed when the page is shown: with a response of 200 to 299 or 400 to 499. A redirect, a
   * failure and an answer to `HEAD` leave them to the next page.
   */
  takeFlash<Message extends Json = Json>(kind: string): Message[] {
    return this.#exchange.takeFlash(kind).map(freeze) as Message[];
  }

  /**
   * Signs a user in: a new session with a new token, and the end of the one that was presented. Only data that
   * `options` names carries over. Returns the token, for programs that hand it out in the body; otherwise the transport
   * does.
   *
   * Throws `ERR_SESSION_LIMIT` when the user has too many sessions and the rule is to refuse, `ERR_SESSION_REVOKED`
   * when the user's sessions were revoked at this very moment, `ERR_SESSION_CROSS_SITE` for a forged request (login
   * CSRF).
   */
  signIn(userId: string, options: SignInOptions<Data> = {}): Promise<string> {
    return this.#exchange.signIn(userId, options);
  }

  /**
   * Ends the session. When this returns, the token is good for nothing, even if the request fails later. Changes made
   * before it has returned are dropped; a later `set` or `update` begins a new anonymous session. When it fails, nothing
   * can be written any more.
   */
  signOut(): Promise<void> {
    return this.#exchange.signOut();
  }

  /** Gives the client a new token when the response leaves. The old one works for `rotationGrace` more. */
  rotate(): void {
    this.#exchange.rotate();
  }

  /**
   * Step-up: call it when the session's user has proved again who they are, by password or passkey. `authenticatedAt`
   * moves to now, and the client gets a new token; sid, data, list entry and open connections stay. When this resolves,
   * the store has it, and `requireFresh` passes in this request too. A token from before works for `rotationGrace` more,
   * and is never fresh.
   *
   * Throws `ERR_SESSION_REQUIRED` when no user is signed in, or the session has ended meanwhile, and `ERR_SESSION_STALE`
   * for another user than the session's.
   */
  elevate(proof: Elevation): Promise<void> {
    return this.#exchange.elevate(proof);
  }

  /** Marks the request as no activity of the user, such as polling: it does not move the idle deadline. */
  notActivity(): void {
    this.#exchange.notActivity();
  }

  /**
   * Demands that the user proved who they are less than `maxAge` milliseconds ago (ASVS 7.5.1). Throws
   * `ERR_SESSION_REQUIRED` when no user is signed in and `ERR_SESSION_STALE` when it was longer ago, or more than a
   * minute in the future, as a clock that was ahead makes it.
   */
  requireFresh(maxAge: number): void {
    this.require();
    const age = this.#exchange.now() - (this.#exchange.provenAt() ?? 0);
    if (age < maxAge && age >= -CLOCK_SKEW) return;
    throw new SessionError("ERR_SESSION_STALE", "Sign in again to do this.");
  }

  /**
   * Calls `listener` once when this session ends: signed out, revoked or expired, in this process or another. For open
   * connections, such as a WebSocket, which nothing else would close. The function given back stops it.
   *
   * At once when this process ends the session; elsewhere as soon as the store gives a hint (Redis: milliseconds), at
   * the latest after a second on memory and SQLite, and after 30 seconds on Redis when its connection for messages was
   * lost.
   */
  onEnded(listener: () => unknown): () => void {
    return this.#exchange.onEnded(listener);
  }

  /**
   * Writes the changes now instead of when the response leaves: for open connections, and to read the stored data.
   * Changes made while it waits are kept for the next time. A rotation waits for the response, which brings the new
   * token.
   *
   * Resolves to true when the changes are stored, or there were none. False when the session has ended: signed out or
   * revoked elsewhere or expired, and the changes are dropped.
   */
  commit(): Promise<boolean> {
    return this.#exchange.flush();
  }

  /**
   * For logs: whose session it is, and which keys have a value; `null` where the data cannot be read. Never token or
   * data.
   */
  toJSON(): { sid: string | null; userId: string | null; keys: string[] | null } {
    const { sid, userId } = this;
    try {
      return { sid, userId, keys: this.keys() };
    } catch {
      return { sid, userId, keys: null };
    }
  }

  /** A text for logs that holds neither token nor data. */
  toString(): string {
    return "[object Session]";
  }

  [INSPECT](_depth: number, options: object, inspect: (value: unknown, options: object) => string): string {
    return `Session ${inspect(this.toJSON(), options)}`;
  }
}

function freeze(value: Json | undefined): Json | undefined {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  for (const item of Object.values(value)) freeze(item);
  return Object.freeze(value);
}

/**
 * Makes every accessor of `prototype` refuse to be set, and every property that its objects do not have, and explains
 * the methods of express-session. Methods stay writable, for spies. Only unknown properties go through a proxy, at the end of the prototype chain; members that are
 * looked up on any object do not get there.
 */
function refuseWrites(prototype: object): void {
  const refuse = (name: PropertyKey): never => {
    throw refusedWrite(`\`session.${String(name)}\``);
  };
  // biome-ignore lint/suspicious/noThenProperty: `await` reads it of every value, and finds that there is none
  Object.defineProperty(prototype, "then", { configurable: true, get: () => undefined });
  for (const [name, property] of Object.entries(Object.getOwnPropertyDescriptors(prototype)))
    if (property.get !== undefined) Object.defineProperty(prototype, name, { ...property, set: () => refuse(name) });
  // connect-flash assigns the method to itself, and would then keep its messages on it.
  const flash: unknown = Reflect.get(prototype, "flash");
  Object.defineProperty(prototype, "flash", { configurable: true, get: () => flash, set: () => refuse("flash") });
  for (const [name, instead] of Object.entries(OF_EXPRESS_SESSION)) {
    const explain = () => {
      throw new SessionError("ERR_SESSION_STATE", `\`session.${name}\` is express-session's. Call ${instead}.`);
    };
    Object.defineProperty(prototype, name, { configurable: true, get: () => explain, set: () => refuse(name) });
  }
  Object.setPrototypeOf(prototype, new Proxy({}, { set: (_target, name) => refuse(name) }));
}
