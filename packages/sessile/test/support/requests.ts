// Requests and responses without HTTP, a clock that is turned by hand, gates, and a store that writes down who calls
// it.

import {
  headerTransport,
  type Json,
  memoryStore,
  type Session,
  type SessionEvents,
  SessionManager,
  type SessionManagerOptions,
} from "sessile";
import type { OpenSession, SessionRequest, SessionResponse } from "sessile/adapter";
import type { SessionRecord, SessionStore } from "sessile/store";

/** Data of any shape, whatever other tests declare `SessionData` to be. */
export type Bag = Record<string, Json>;

/** A request with these headers (names in lower case). */
export function requestWith(
  headers: Readonly<Record<string, string | undefined>> = {},
  { method = "POST", path = "/" }: { readonly method?: string; readonly path?: string } = {},
): SessionRequest {
  return { method, path, header: (name) => (Object.hasOwn(headers, name) ? headers[name] : undefined) };
}

/** Writes down the headers that a response is given. */
export class ResponseRecorder implements SessionResponse {
  readonly lines: [name: string, value: string][] = [];

  set(name: string, value: string): void {
    const others = this.lines.filter(([present]) => present !== name.toLowerCase());
    this.lines.splice(0, this.lines.length, ...others, [name.toLowerCase(), value]);
  }

  append(name: string, value: string): void {
    this.lines.push([name.toLowerCase(), value]);
  }

  all(name: string): string[] {
    return this.lines.filter(([present]) => present === name).map(([, value]) => value);
  }

  get(name: string): string | undefined {
    return this.all(name)[0];
  }
}

/** Time stands still until a test moves it. */
export class HandClock {
  now = 1_800_000_000_000;
  readonly read = (): number => this.now;
}

/** A point where one party waits until the test lets it go on. */
export class Gate {
  readonly #reached = deferred();
  readonly #opened = deferred();

  /** Resolves when a request stands at the gate. */
  get reached(): Promise<void> {
    return this.#reached.promise;
  }

  async pass(): Promise<void> {
    this.#reached.resolve();
    await this.#opened.promise;
  }

  open(): void {
    this.#opened.resolve();
  }
}

export type StoreMethod = Exclude<keyof SessionStore, "watch" | "peek">;

/** A store that writes down every call, and lets a test act before or after one. */
export class SpiedStore {
  readonly calls: { readonly method: StoreMethod; readonly args: readonly unknown[] }[] = [];
  /** Runs before the call reaches the store; what it throws is the call's failure. */
  before: (method: StoreMethod, args: readonly unknown[]) => unknown = () => {};
  /** Runs when the store has done its work, before the caller is answered. */
  after: (method: StoreMethod, args: readonly unknown[]) => unknown = () => {};
  /** Whether requests may take the store's copies; without them each asks `load`, and can be counted and stopped. */
  showsCopies = false;
  /** Whether the store takes several touches at once; without it each is a commit. */
  takesTouches = false;
  readonly inner: SessionStore;
  readonly store: SessionStore;

  constructor(inner: SessionStore) {
    this.inner = inner;
    this.store = new Proxy(inner, { get: (target, name) => this.#method(target, name as keyof SessionStore) });
  }

  /** How often each method was called since the last time. */
  take(): Partial<Record<StoreMethod, number>> {
    const counts: Partial<Record<StoreMethod, number>> = {};
    for (const { method } of this.calls.splice(0)) counts[method] = (counts[method] ?? 0) + 1;
    return counts;
  }

  #method(target: SessionStore, name: keyof SessionStore): unknown {
    const method = target[name] as ((...args: unknown[]) => unknown) | undefined;
    if (name === "peek" && !this.showsCopies) return undefined;
    if (name === "touch" && !this.takesTouches) return undefined;
    if (typeof method !== "function" || name === "watch" || name === "peek") return method?.bind(target);
    return async (...args: unknown[]) => {
      this.calls.push({ method: name, args });
      await this.before(name, args);
      const answer = await method.apply(target, args);
      await this.after(name, args);
      return answer;
    };
  }
}

/** The result of one request. */
export interface Sent<Result> {
  readonly session: Session<Bag>;
  readonly response: ResponseRecorder;
  /** The token that the response gives out. */
  readonly issued: string | undefined;
  readonly result: Result;
}

export interface Sending {
  readonly status?: number;
  /** The application's headers for caches. */
  readonly cacheControl?: string;
  readonly method?: string;
}

/** A manager over a memory store with everything in the test's hands. */
export class Bench {
  readonly clock = new HandClock();
  readonly spied: SpiedStore;
  readonly manager: SessionManager<Bag>;
  readonly events: { [Name in keyof SessionEvents]: [name: Name, event: SessionEvents[Name]] }[keyof SessionEvents][] =
    [];

  constructor(options: Partial<SessionManagerOptions> = {}) {
    this.spied = new SpiedStore(options.store ?? memoryStore());
    this.manager = new SessionManager<Bag>({
      transports: [headerTransport()],
      sweepInterval: 0,
      clock: this.clock.read,
      ...options,
      store: this.spied.store,
    });
    for (const name of EVENTS) this.manager.on(name, (event) => this.events.push([name, event] as never));
  }

  /** The names of the events since the last time. */
  takeEvents(): string[] {
    return this.events.splice(0).map(([name]) => name);
  }

  async open(token: string | null): Promise<OpenSession<Bag>> {
    return this.manager.open(requestWith({ "x-session-token": token ?? undefined }));
  }

  /** One request: opened, handled, committed. An error from the handler makes it a 500, as an adapter would. */
  async send<Result>(
    token: string | null,
    handle: (session: Session<Bag>) => Result,
    { status = 200, cacheControl }: Sending = {},
  ): Promise<Sent<Awaited<Result>>> {
    const { session, commit } = await this.open(token);
    const response = new ResponseRecorder();
    if (cacheControl !== undefined) response.set("cache-control", cacheControl);
    let result: Awaited<Result>;
    try {
      result = await handle(session);
    } catch (error) {
      await commit(500, response);
      throw error;
    }
    await commit(status, response);
    return { session, response, issued: response.get("x-session-token"), result };
  }

  async signIn(userId = "ann", data: Bag = {}): Promise<string> {
    const { issued } = await this.send(null, (session) => session.signIn(userId, { data }));
    return issued as string;
  }

  /** The user of the token; `null` for none. Does not count as activity. */
  async userOf(token: string): Promise<string | null> {
    const { result } = await this.send(token, (session) => {
      session.notActivity();
      return session.userId;
    });
    return result;
  }

  /** The data the token opens, as it is stored. */
  async dataOf(token: string): Promise<unknown> {
    return JSON.parse((await this.recordOf(token))?.data ?? "null") as unknown;
  }

  async recordOf(token: string): Promise<SessionRecord | null> {
    return this.spied.inner.load(sidOf(token));
  }
}

/** The public part of a token with the prefix `ses_`. */
export function sidOf(token: string): string {
  return token.slice(4, 26);
}

/** `count` times at once. */
export function all<T>(count: number, run: (index: number) => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => run(index)));
}

const EVENTS: readonly (keyof SessionEvents)[] = [
  "created",
  "signedIn",
  "elevated",
  "rotated",
  "rotationIgnored",
  "secretLost",
  "signedOut",
  "revoked",
  "expired",
  "reuseDetected",
  "storeFailed",
  "crossSiteRefused",
];

function deferred(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
