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
import { isSessionError, SessionError } from "../../core/errors.ts";
import { Breaker, type Circuit } from "./breaker.ts";
import { DEADLINES } from "./deadlines.ts";
import type { RedisPort } from "./port.ts";

/** A Lua script that touches one key. */
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

/** Longest pause before the second attempt; a random part of it, so that those who failed together come apart. */
const RETRY_PAUSE = 25;

/** Milliseconds after a loss during which calls wait for the next connection, and between two looks. */
const GRACE = 250;
const LOOK = 5;

export class RedisLink {
  readonly deadline: number;
  readonly #port: RedisPort;
  readonly #breaker: Breaker;
  #isConnected = false;
  #return: Promise<void> | undefined;

  /** `deadline` in milliseconds holds for each command; `Infinity` sets none. */
  constructor(port: RedisPort, deadline: number, breaker = new Breaker()) {
    this.#port = port;
    this.deadline = deadline;
    this.#breaker = breaker;
  }

  get circuit(): Circuit {
    return this.#breaker.circuit;
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
    return DEADLINES.now() + this.deadline;
  }

  /** Sends one command about `key`. Fails with `ERR_SESSION_STORE`, which means "unknown whether it was done". */
  send(key: string, args: readonly string[], endsAt = this.endsAt()): Promise<unknown> {
    return this.#ask(key, args, endsAt, READS.has(args[0] ?? ""));
  }

  /** Runs a script on `key`. A server that does not hold the script yet gets its text, once. */
  async run(
    { sha, text, isRead }: Script,
    key: string,
    args: readonly string[],
    endsAt = this.endsAt(),
  ): Promise<unknown> {
    try {
      return await this.#ask(key, ["EVALSHA", sha, "1", key, ...args], endsAt, isRead);
    } catch (error) {
      if (!isAnswer(error, "NOSCRIPT")) throw error;
    }
    return this.send(key, ["EVAL", text, "1", key, ...args], endsAt);
  }

  /**
   * Another way of sending, under the same deadline and with the same errors; `name` is for these. It passes the
   * breaker by, because it waits for more than the answer of Redis.
   */
  async through<T>(send: () => Promise<T>, name: string): Promise<T> {
    try {
      return await this.#within(send, name, this.endsAt());
    } catch (error) {
      throw describe(error, [name]);
    }
  }

  async #ask(key: string, args: readonly string[], endsAt: number, isRead: boolean): Promise<unknown> {
    for (let tries = isRead ? 2 : 1; ; tries--) {
      if (this.#port.isReady()) this.#isConnected = true;
      else await this.#untilBack();
      const pass = this.#enter(args, endsAt);
      try {
        const reply = await this.#within(() => this.#port.send(key, args), args[0], endsAt);
        this.#breaker.leave(pass, false);
        return reply;
      } catch (error) {
        this.#breaker.leave(pass, isOutage(error));
        if (tries === 1 || isSessionError(error) || !isOutage(error)) throw describe(error, args);
      }
      await pause(Math.random() * RETRY_PAUSE);
    }
  }

  #enter([name]: readonly string[], endsAt: number): number {
    if (endsAt <= DEADLINES.now()) throw this.#late(name);
    const pass = this.#breaker.enter();
    if (pass === null) throw failure("Redis is out and will be asked again soon. Nothing was sent.");
    return pass;
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

  /** The reply may come after the deadline; nothing waits for it any more then, and no other command can get it. */
  #within<T>(send: () => Promise<T>, name: string | undefined, endsAt: number): Promise<T> {
    if (endsAt === Number.POSITIVE_INFINITY) return send();
    return new Promise((resolve, reject) => {
      // After a stall of this process its timers run before its sockets are read: one more turn lets an answer in.
      const waiting = DEADLINES.add(endsAt, () => setImmediate(() => reject(this.#late(name))));
      const settle = <V>(done: (value: V) => void) => {
        return (value: V) => {
          DEADLINES.remove(waiting);
          done(value);
        };
      };
      send().then(settle(resolve), settle(reject));
    });
  }

  #late(name: string | undefined): Late {
    return new Late("ERR_SESSION_STORE", `Redis did not answer \`${name}\` within ${this.deadline} ms.`);
  }
}

class Late extends SessionError {}

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

/**
 * Whether an error concerns Redis as a whole: no answer in time, a lost connection, or an answer that it serves
 * nothing. One that refuses writes still serves reads, and one that forbids a command serves others.
 */
function isOutage(error: unknown): boolean {
  if (isSessionError(error)) return error instanceof Late;
  const isReply = /^[A-Z]{2,} /.test(messageOf(error));
  return !isReply || /^(?:LOADING|MASTERDOWN|CLUSTERDOWN|BUSY|NOAUTH) /.test(messageOf(error));
}

export function failure(message: string, cause?: Error): SessionError {
  return new SessionError("ERR_SESSION_STORE", message, cause && { cause });
}

/** Whether an error of a link is an answer of Redis that begins with this word. */
export function isAnswer(error: unknown, word: string): boolean {
  return error instanceof Error && messageOf(error.cause).startsWith(word);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : "";
}

/**
 * Clients put the command's arguments into their errors, as properties and inside messages, and arguments are session
 * data. So nothing of the error is kept but its name, its code, and its message up to the first quotation.
 */
function describe(error: unknown, args: readonly string[]): SessionError {
  if (error instanceof SessionError) return error;
  const said = /^[^'"`\n]*/.exec(messageOf(error))?.[0].trim() ?? "";
  const leaks = args.slice(1).some((argument) => argument.length > 3 && said.includes(argument));
  const code = /^[A-Z]{2,20}\b/.exec(messageOf(error))?.[0] ?? "no reason given";
  const reason = leaks || said === "" ? code : said;
  return failure(`Redis failed to do \`${args[0]}\`: ${reason.slice(0, 200)}`, new Error(reason));
}
