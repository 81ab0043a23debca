// The channel on which processes announce the sessions that ended. A hint: where it may have got lost, listeners are told.
//
// A pooler may accept `LISTEN` and pass nothing on, and a connection may be lost unnoticed. So listening counts only
// while what this process announces itself comes back; until then its listeners are told twice a second that something
// may have been missed, and every two seconds it begins anew.

import { randomBytes } from "node:crypto";
import type { PostgresPort } from "./port.ts";

type Listener = (sid: string | null) => void;

const TICK = 500;
/** Ticks from one proof to the next. */
const TICKS = 4;

export class EndedChannel {
  readonly #listen: NonNullable<PostgresPort["listen"]>;
  readonly #announce: (message: string) => Promise<unknown>;
  readonly #channel: string;
  readonly #listeners = new Set<Listener>();
  #timer: NodeJS.Timeout | undefined;
  #ticks = 0;
  #stop: (() => void) | undefined;
  /** Counts the attempts to listen. */
  #attempt = 0;
  #isProven = false;
  /** The message that has not come back yet. */
  #proof: string | null = null;

  /** `announce` sends a message to the channel. */
  constructor(
    listen: NonNullable<PostgresPort["listen"]>,
    channel: string,
    announce: (message: string) => Promise<unknown>,
  ) {
    this.#listen = listen;
    this.#channel = channel;
    this.#announce = announce;
  }

  /** Calls `listener` with the sid of each session that ends from now on, and with `null` when some may be missed. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    if (this.#timer === undefined) {
      this.#timer = setInterval(() => this.#tick(), TICK).unref();
      this.#begin();
    }
    return () => {
      if (this.#listeners.delete(listener) && this.#listeners.size === 0) this.close();
    };
  }

  close(): void {
    this.#listeners.clear();
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#end();
  }

  #tick(): void {
    this.#ticks = (this.#ticks + 1) % TICKS;
    if (this.#ticks === 0 && (this.#proof !== null || this.#stop === undefined)) this.#begin();
    else if (this.#ticks === 0) this.#prove();
    if (!this.#isProven) this.#tell(null);
  }

  #begin(): void {
    this.#end();
    const attempt = this.#attempt;
    const onMessage = (message: string | null) => this.#attempt === attempt && this.#receive(message);
    this.#listen(this.#channel, onMessage).then(
      (stop) => {
        if (this.#attempt !== attempt) return stop();
        this.#stop = stop;
        this.#prove();
      },
      () => {},
    );
  }

  #end(): void {
    this.#attempt++;
    this.#isProven = false;
    this.#proof = null;
    this.#stop?.();
    this.#stop = undefined;
  }

  #prove(): void {
    this.#proof = `?${randomBytes(9).toString("base64url")}`;
    this.#announce(this.#proof).catch(() => {
      this.#isProven = false;
    });
  }

  #receive(message: string | null): void {
    if (message === null) this.#end();
    else if (message === this.#proof) this.#proven();
    else if (!message.startsWith("?")) this.#tell(message);
  }

  #proven(): void {
    this.#proof = null;
    if (!this.#isProven) this.#tell(null);
    this.#isProven = true;
  }

  #tell(sid: string | null): void {
    for (const listener of this.#listeners) listener(sid);
  }
}
