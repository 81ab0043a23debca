// The store's way to Redis: a deadline for every command, no waiting while disconnected, no arguments in errors.
//
// Which commands are tried again. A command without an answer may have been done, may be done later, or never.
//
//   GET, EXISTS, reading an index   changes nothing: tried once more, within the same deadline
//   INSERT, REPLACE                 would be safe, but the second answer takes the record of the first for another's
//   GETDEL, DEL, ZREM, DISCARD      would be safe, but the second answer says "was not there", and that is the result
//   ADMIT, CONFIRM, REVOKE          would not be safe: a place that was revoked in between is asked for again
//
// So no write is ever sent twice. The client gets a 503 and repeats the request, which starts from the state that is
// stored by then.

import { createHash } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import type { Breaker, Circuit } from "../network/breaker.ts";
import { Calls, type Engine, failure, messageOf } from "../network/calls.ts";
import type { RedisPort } from "./port.ts";

export { failure };

/** A Lua script. */
export interface Script {
  readonly text: string;
  readonly sha: string;
  /** It changes nothing. */
  readonly isRead: boolean;
}

export function script(text: string, isRead = false): Script {
  return { text, sha: createHash("sha1").update(text).digest("hex"), isRead };
}

const READS = new Set(["GET", "EXISTS", "ZSCORE"]);

/** Milliseconds after a loss during which calls wait for the next connection, and between two looks. */
const GRACE = 250;
const LOOK = 5;

/**
 * An error concerns Redis as a whole when there was no answer, or the answer is that it serves nothing. One that refuses
 * writes still serves reads, and one that forbids a command serves others.
 */
const REDIS: Engine = {
  name: "Redis",
  isOutage(error) {
    const isReply = /^[A-Z]{2,} /.test(messageOf(error));
    return !isReply || /^(?:LOADING|MASTERDOWN|CLUSTERDOWN|BUSY|NOAUTH) /.test(messageOf(error));
  },
  codeOf: (error) => /^[A-Z]{2,20}\b/.exec(messageOf(error))?.[0] ?? "",
};

export class RedisLink {
  readonly #port: RedisPort;
  readonly #calls: Calls;
  #isConnected = false;
  #return: Promise<void> | undefined;

  /** `deadline` in milliseconds holds for each command; `Infinity` sets none. */
  constructor(port: RedisPort, deadline: number, breaker?: Breaker) {
    this.#port = port;
    this.#calls = new Calls(REDIS, deadline, breaker);
  }

  get deadline(): number {
    return this.#calls.deadline;
  }

  get circuit(): Circuit {
    return this.#calls.circuit;
  }

  /** Connected, and not found to be out. */
  get isAnswering(): boolean {
    return this.#port.isReady() && this.circuit.state === "closed";
  }

  /**
   * The time at which an operation that begins now has to be over, by `DEADLINES`, for callers that send several
   * commands under one deadline.
   */
  endsAt(): number {
    return this.#calls.endsAt();
  }

  /** Sends one command about `key`. Fails with `ERR_SESSION_STORE`, which means "unknown whether it was done". */
  send(key: string, args: readonly string[], endsAt = this.endsAt()): Promise<unknown> {
    return this.#ask(key, args, endsAt, READS.has(args[0] ?? ""));
  }

  /** Runs a script on `key`. A server that does not hold the script yet gets its text, once. */
  run(script: Script, key: string, args: readonly string[], endsAt = this.endsAt()): Promise<unknown> {
    return this.runOver(script, [key], args, endsAt);
  }

  /** The same on several keys, which one primary has to hold. */
  async runOver(
    { sha, text, isRead }: Script,
    keys: readonly string[],
    args: readonly string[],
    endsAt = this.endsAt(),
  ): Promise<unknown> {
    const [key = ""] = keys;
    const rest = [String(keys.length), ...keys, ...args];
    try {
      return await this.#ask(key, ["EVALSHA", sha, ...rest], endsAt, isRead);
    } catch (error) {
      if (!isAnswer(error, "NOSCRIPT")) throw error;
    }
    return this.send(key, ["EVAL", text, ...rest], endsAt);
  }

  /**
   * Another way of sending, under the same deadline and with the same errors; `name` is for these. It passes the
   * breaker by, because it waits for more than the answer of Redis.
   */
  through<T>(send: () => Promise<T>, name: string): Promise<T> {
    return this.#calls.askBeside({ name, args: () => [], endsAt: this.endsAt(), isRead: false, send });
  }

  #ask(key: string, args: readonly string[], endsAt: number, isRead: boolean): Promise<unknown> {
    const send = () => this.#port.send(key, args);
    const [name = ""] = args;
    return this.#calls.ask({ name, args: () => args.slice(1), endsAt, isRead, ready: () => this.#ready(), send });
  }

  #ready(): Promise<void> | undefined {
    if (!this.#port.isReady()) return this.#untilBack();
    this.#isConnected = true;
    return undefined;
  }

  /**
   * A connection that was lost is usually back in a moment: the calls of that moment wait for it, and those after it
   * fail at once.
   */
  async #untilBack(): Promise<void> {
    if (this.#isConnected) {
      this.#isConnected = false;
      this.#return = this.#lookForReturn();
    }
    await this.#return;
    if (!this.#port.isReady()) throw failure("Redis is not connected. Nothing was sent.");
  }

  async #lookForReturn(): Promise<void> {
    const end = performance.now() + Math.min(GRACE, this.deadline);
    while (!this.#port.isReady() && performance.now() < end) await pause(LOOK);
    this.#return = undefined;
  }
}

/** Sends a command to one primary. */
export type Ask = (...args: readonly string[]) => Promise<unknown>;

const PATIENCE = 5000;

/**
 * Every primary that the client shows now: for commands that concern a server and no key, outside of requests. Calls
 * fail with `ERR_SESSION_STORE`, after five seconds at the latest.
 */
export function primariesOf(port: RedisPort): readonly Ask[] {
  if (port.primaries === undefined)
    throw failure("The port to Redis has no `primaries`, so its keys cannot be walked.");
  return port.primaries().map((primary) => {
    const link = new RedisLink({ isReady: () => true, send: (_key, args) => primary.ask(args) }, PATIENCE);
    return (...args) => link.send("", args);
  });
}

/** Whether an error of a link is an answer of Redis that begins with this word. */
export function isAnswer(error: unknown, word: string): boolean {
  return error instanceof Error && messageOf(error.cause).startsWith(word);
}
