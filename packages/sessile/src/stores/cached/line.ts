// A line: the connection on which one primary reports changes, and the proof that it does.

import { randomBytes } from "node:crypto";
import type { RedisConnection, RedisPort, RedisPrimary } from "../redis/port.ts";

/** The receiver of a line's reports. */
export interface LineListener {
  /** A key with the prefix was written or deleted, or has expired. */
  changed(key: string): void;
  /** Every key may have changed. */
  flushed(): void;
  /** The line reports nothing any more. */
  lost(): void;
}

/** The beginnings of keys, as Redis sees them: of sessions, and of the keys that prove that a line works. */
export interface LinePrefixes {
  readonly session: string;
  readonly beat: string;
}

/** The channel on which Redis reports invalidated keys to connections in RESP 2. */
const INVALIDATED = "__redis__:invalidate";

/** Enough to find a primary with five slots of 16,384, but for one time in 400. */
const MOST_TAGS = 20_000;

/** Milliseconds: long enough for the report of a key to come back, and no more garbage than that. */
const KEY_LIFETIME = "10000";

/**
 * Broadcasting mode, so that it does not matter which connection reads a record: the client's own may reconnect unseen,
 * and tracking of what it read would be over. One connection both tracks and listens, by redirecting to itself.
 */
export class Line {
  readonly #primary: RedisPrimary;
  readonly #port: RedisPort;
  readonly #prefix: string;
  readonly #beatPrefix: string;
  readonly #listener: LineListener;
  #connection: RedisConnection | undefined;
  #tag = 0;
  #beats = 0;
  #awaited: { readonly key: string; readonly resolve: () => void } | null = null;
  #isClosed = false;

  constructor(primary: RedisPrimary, port: RedisPort, { session, beat }: LinePrefixes, listener: LineListener) {
    this.#primary = primary;
    this.#port = port;
    this.#prefix = session;
    this.#beatPrefix = `${beat}${randomBytes(12).toString("base64url")}:`;
    this.#listener = listener;
  }

  get name(): string {
    return this.#primary.name;
  }

  async open(): Promise<void> {
    const connection = await this.#primary.connect?.(() => this.#listener.lost());
    this.#connection = connection;
    if (this.#isClosed || connection === undefined) return this.close();
    const id = String(await connection.send(["CLIENT", "ID"]));
    const prefixes = ["PREFIX", this.#prefix, "PREFIX", this.#beatPrefix];
    await connection.send(["CLIENT", "TRACKING", "ON", "REDIRECT", id, "BCAST", ...prefixes]);
    await connection.subscribe(INVALIDATED, (payload) => this.#receive(payload));
  }

  /**
   * Lets the store's client write a key, and resolves when this line has reported it. So the client writes to the
   * primary of this line, and all that was acknowledged before has been reported. Not before the one before is over.
   */
  async beat(): Promise<void> {
    const key = this.#nextKey();
    const reported = new Promise<void>((resolve) => {
      this.#awaited = { key, resolve };
    });
    if (!this.#port.isReady()) throw new Error("the store's client is not connected");
    const given = key.slice(this.#port.keyPrefix?.length ?? 0);
    await this.#port.send(given, ["SET", given, "", "PX", KEY_LIFETIME]);
    await reported;
  }

  close(): void {
    this.#isClosed = true;
    this.#connection?.close();
  }

  /** Each another, so that no late report of an earlier one is taken for it. */
  #nextKey(): string {
    const end = `}${this.#beats++}`;
    for (let tries = 0; tries < MOST_TAGS; tries++) {
      const key = `${this.#beatPrefix}{${this.#tag}${end}`;
      if (this.#primary.owns(key)) return key;
      this.#tag++;
    }
    throw new Error("no key belongs to this primary");
  }

  /** Keys that changed since the last time; `null` when all did. A payload of another form counts as all. */
  #receive(payload: unknown): void {
    if (!Array.isArray(payload)) this.#listener.flushed();
    for (const each of Array.isArray(payload) ? payload : []) {
      const key = String(each);
      if (key.startsWith(this.#prefix)) this.#listener.changed(key);
      else if (key === this.#awaited?.key) this.#awaited.resolve();
    }
  }
}
