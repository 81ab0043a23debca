// The open admin pages, which receive new figures and events as server-sent events. Each message is made once for all
// of them.

import { PassThrough } from "node:stream";
import type { EventFeed, FeedEvent } from "../../http/metrics/event-feed.ts";
import type { Activity } from "../api.ts";
import { isActivity, toActivity } from "./activity.ts";
import type { Recorder } from "./recorder.ts";

/** Number of pages open at once. */
const MOST = 50;
/** Events wait this long for others, so that a thousand sign-ins a second become a few messages. */
const BATCH_INTERVAL = 200;
/** Number of events in one message; the page detects omitted ones by the gap in the ids. */
const BATCH_SIZE = 20;
/**
 * Bytes that may wait for a page that does not read. Its connection ends; it reconnects by itself, and loads everything
 * anew.
 */
const MOST_WAITING = 256 * 1024;

export interface WatcherParts {
  readonly recorder: Recorder;
  readonly feed: EventFeed;
  readonly nameOf: (userId: string) => string | null;
}

export class Watchers {
  readonly #parts: WatcherParts;
  /** Each stream with its check whether it may still receive messages. */
  readonly #streams = new Map<PassThrough, () => boolean>();
  #stopListening: (() => void) | null = null;
  #batch: FeedEvent[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: WatcherParts) {
    this.#parts = parts;
  }

  get size(): number {
    return this.#streams.size;
  }

  /**
   * A stream for one more page; `null` when there are too many. Destroy it to end it. It ends by itself when there is a
   * message and `isAllowed` returns false or throws.
   */
  add(isAllowed: () => boolean = () => true): PassThrough | null {
    if (this.#streams.size >= MOST) return null;
    const stream = new PassThrough();
    this.#streams.set(stream, isAllowed);
    stream.once("close", () => this.#remove(stream));
    stream.write(": open\n\n");
    this.#stopListening ??= this.#listen();
    return stream;
  }

  /** Ends all streams, since the server stops. */
  close(): void {
    for (const stream of this.#streams.keys()) stream.end();
    this.#streams.clear();
    this.#listenNoMore();
  }

  #listen(): () => void {
    const { recorder, feed } = this.#parts;
    const stops = [
      recorder.subscribe((figures) => this.#send("figures", figures)),
      feed.subscribe((event) => this.#collect(event)),
    ];
    return () => {
      for (const stop of stops) stop();
    };
  }

  #collect(event: FeedEvent): void {
    if (!isActivity(event)) return;
    this.#batch.push(event);
    if (this.#batch.length > BATCH_SIZE) this.#batch.shift();
    this.#timer ??= setTimeout(() => this.#flush(), BATCH_INTERVAL).unref();
  }

  #flush(): void {
    this.#timer = undefined;
    const batch: Activity[] = this.#batch.map((event) => toActivity(event, this.#parts.nameOf));
    this.#batch = [];
    this.#send("activity", batch);
  }

  #send(event: string, data: unknown): void {
    const text = `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
    for (const [stream, isAllowed] of this.#streams) {
      if (!isTrue(isAllowed)) stream.end();
      else if (stream.writableLength + stream.readableLength > MOST_WAITING) stream.destroy();
      else stream.write(text);
    }
  }

  #remove(stream: PassThrough): void {
    this.#streams.delete(stream);
    if (this.#streams.size === 0) this.#listenNoMore();
  }

  #listenNoMore(): void {
    this.#stopListening?.();
    this.#stopListening = null;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#batch = [];
  }
}

function isTrue(ask: () => boolean): boolean {
  try {
    return ask();
  } catch {
    return false;
  }
}
