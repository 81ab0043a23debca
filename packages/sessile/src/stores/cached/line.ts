// The way on which one primary tells what changed, and the proof that it does. Knows no other primary and no time.

import { randomBytes } from "node:crypto";
import type { Connection, Primary, WriteKey } from "./primaries.ts";

/** Who is told. */
export interface LineListener {
  /** A key with the prefix was written or deleted, or has expired. */
  changed(key: string): void;
  /** Every key may have changed. */
  flushed(): void;
  /** The line tells nothing any more. */
  lost(): void;
}

/** Where Redis tells of invalidated keys to those who speak RESP 2. */
const INVALIDATED = "__redis__:invalidate";

/** So many are enough to find a primary with five slots of 16,384, but for one time in 400. */
const MOST_TAGS = 20_000;

/**
 * Broadcasting mode, so that it does not matter which connection reads a record: the client's own may reconnect unseen, and
 * tracking of what it read would be over. One connection both tracks and hears, by redirecting to itself.
 */
export class Line {
  readonly #primary: Primary;
  readonly #write: WriteKey;
  readonly #prefix: string;
  readonly #beatPrefix: string;
  readonly #listener: LineListener;
  #connection: Connection | null = null;
  #tag = 0;
  #beats = 0;
  #awaited: { readonly key: string; readonly resolve: () => void } | null = null;
  #isClosed = false;

  /** Tells of keys that begin with `session`; writes keys that begin with `beat`. Both as Redis sees them. */
  constructor(
    primary: Primary,
    write: WriteKey,
    prefixes: { readonly session: string; readonly beat: string },
    listener: LineListener,
  ) {
    this.#primary = primary;
    this.#write = write;
    this.#prefix = prefixes.session;
    this.#beatPrefix = `${prefixes.beat}${randomBytes(12).toString("base64url")}:`;
    this.#listener = listener;
  }

  get name(): string {
    return this.#primary.name;
  }

  async open(): Promise<void> {
    const connection = await this.#primary.connect(() => this.#listener.lost());
    this.#connection = connection;
    if (this.#isClosed) return this.close();
    const id = String(await connection.ask(["CLIENT", "ID"]));
    const prefixes = ["PREFIX", this.#prefix, "PREFIX", this.#beatPrefix];
    await connection.ask(["CLIENT", "TRACKING", "ON", "REDIRECT", id, "BCAST", ...prefixes]);
    await connection.subscribe(INVALIDATED, (payload) => this.#hear(payload));
  }

  /**
   * Lets the store's client write a key, and resolves when this line has told of it. So the client writes to the primary
   * that this line hears, and all that was acknowledged before has been told. Not before the one before is over.
   */
  async beat(): Promise<void> {
    const key = this.#nextKey();
    const told = new Promise<void>((resolve) => {
      this.#awaited = { key, resolve };
    });
    await this.#write(key);
    await told;
  }

  close(): void {
    this.#isClosed = true;
    this.#connection?.close();
  }

  /** Each another, so that no late word of an earlier one is taken for it. */
  #nextKey(): string {
    const end = `}${this.#beats++}`;
    for (let tries = 0; tries < MOST_TAGS; tries++) {
      const key = `${this.#beatPrefix}{${this.#tag}${end}`;
      if (this.#primary.owns(key)) return key;
      this.#tag++;
    }
    throw new Error("no key belongs to this primary");
  }

  /** Keys that changed since the last time; `null` when all did. What is neither is taken for all. */
  #hear(payload: unknown): void {
    if (!Array.isArray(payload)) this.#listener.flushed();
    for (const each of Array.isArray(payload) ? payload : []) {
      const key = String(each);
      if (key.startsWith(this.#prefix)) this.#listener.changed(key);
      else if (key === this.#awaited?.key) this.#awaited.resolve();
    }
  }
}
