// The store's way to Redis: a deadline for every command, no waiting while disconnected, no arguments in errors.
//
// What is tried again, and what is not. A command without an answer may have been done, may be done later, or never.
//
//   GET, EXISTS, reading an index   changes nothing: tried once more, within the same deadline
//   REPLACE                         would be safe: it names what it replaces, so a second time it changes nothing
//   GETDEL, DEL, ZREM, DISCARD      would be safe, but the second answer says "was not there", and that is reported
//   SET NX of a new record          would be safe, but the second answer says that the sid is taken, by this very record
//   ADMIT, CONFIRM, REVOKE          would not be safe: a place that was revoked in between is asked for again
//
// So no write is ever sent twice. The caller is told 503 and tries the whole again, from what is stored by then.

import { createHash } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { isSessionError, SessionError } from "../../core/errors.ts";
import { Breaker, type Circuit } from "./breaker.ts";
import type { RedisPort } from "./client.ts";
import { DEADLINES } from "./deadlines.ts";

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

const READS = new Set(["GET", "EXISTS"]);

/** Longest pause before the second attempt; a random part of it, so that those who failed together come apart. */
const RETRY_PAUSE = 25;

export class RedisLink {
  readonly #port: RedisPort;
  readonly #deadline: number;
  readonly #breaker: Breaker;

  /** `deadline` in milliseconds holds for each command; `Infinity` sets none. */
  constructor(port: RedisPort, deadline: number, breaker = new Breaker()) {
    this.#port = port;
    this.#deadline = deadline;
    this.#breaker = breaker;
  }

  get deadline(): number {
    return this.#deadline;
  }

  get circuit(): Circuit {
    return this.#breaker.circuit;
  }

  /** Connected, and not found to be out. */
  get isAnswering(): boolean {
    return this.#port.isReady() && this.circuit.state === "closed";
  }

  /** When an operation that begins now has to be over, by `DEADLINES`, for callers that send several commands under one deadline. */
  endsAt(): number {
    return DEADLINES.now() + this.#deadline;
  }

  /** Sends one command about `key`. Fails with `ERR_SESSION_STORE`, which means "unknown whether it was done". */
  send(key: string, args: readonly string[], endsAt = this.endsAt()): Promise<unknown> {
    return this.#ask(key, args, endsAt, READS.has(args[0] ?? ""));
  }

  /** Runs a script on `key`. A server that does not know the script yet gets its text, once. */
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
   * Another way of sending, under the same deadline and with the same errors; `args` are for these. The breaker is not asked and not
   * told, because it is not Redis alone whose answer this waits for.
   */
  async through(send: () => Promise<unknown>, args: readonly string[]): Promise<unknown> {
    try {
      return await this.#within(send, args, this.endsAt());
    } catch (error) {
      throw describe(error, args);
    }
  }

  /** A client that is not connected needs no breaker: nothing is sent, and it will know itself when it is back. */
  async #ask(key: string, args: readonly string[], endsAt: number, isRead: boolean): Promise<unknown> {
    if (!this.#port.isReady()) throw failure("Redis is not connected. Nothing was sent.");
    const send = () => this.#port.send(key, args);
    try {
      return await this.#pass(send, args, endsAt);
    } catch (error) {
      if (!isRead || isSessionError(error) || !isOutage(error)) throw describe(error, args);
      await pause(Math.random() * RETRY_PAUSE);
      if (!this.#port.isReady()) throw describe(error, args);
    }
    return this.#pass(send, args, endsAt).catch((error) => {
      throw describe(error, args);
    });
  }

  async #pass(send: () => Promise<unknown>, args: readonly string[], endsAt: number): Promise<unknown> {
    if (endsAt <= DEADLINES.now()) throw this.#late(args);
    const pass = this.#breaker.enter();
    if (pass === null) throw failure("Redis is out and will be asked again soon. Nothing was sent.");
    try {
      const reply = await this.#within(send, args, endsAt);
      this.#breaker.leave(pass, false);
      return reply;
    } catch (error) {
      this.#breaker.leave(pass, isOutage(error));
      throw error;
    }
  }

  /** The reply may come after the deadline; nobody listens any more then, and nobody else can get it. */
  #within(send: () => Promise<unknown>, args: readonly string[], endsAt: number): Promise<unknown> {
    if (endsAt === Number.POSITIVE_INFINITY) return send();
    return new Promise((resolve, reject) => {
      const late = () => reject(this.#late(args));
      // After a stall of this process its timers run before its sockets are read: one more turn lets an answer in.
      const waiting = DEADLINES.add(endsAt, () => setImmediate(late));
      const settle = <T>(done: (value: T) => void) => {
        return (value: T) => {
          DEADLINES.remove(waiting);
          done(value);
        };
      };
      send().then(settle(resolve), settle(reject));
    });
  }

  #late(args: readonly string[]): Late {
    return new Late("ERR_SESSION_STORE", `Redis did not answer \`${args[0]}\` within ${this.#deadline} ms.`);
  }
}

class Late extends SessionError {}

/**
 * Whether an error speaks of Redis as a whole: no answer in time, a lost connection, or an answer that it serves nothing. One that
 * refuses writes still serves reads, and one that forbids a command serves others.
 */
function isOutage(error: unknown): boolean {
  if (isSessionError(error)) return error instanceof Late;
  const isAnswer = /^[A-Z]{2,} /.test(messageOf(error));
  return !isAnswer || /^(?:LOADING|MASTERDOWN|CLUSTERDOWN|BUSY|NOAUTH) /.test(messageOf(error));
}

export function failure(message: string, cause?: Error): SessionError {
  return new SessionError("ERR_SESSION_STORE", message, cause && { cause });
}

/** Whether an error of this link is what Redis answered, beginning with this word. */
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
  const reason = leaks || said === "" ? codeOf(error) : said;
  return failure(`Redis failed to do \`${args[0]}\`: ${reason.slice(0, 200)}`, new Error(reason));
}

function codeOf(error: unknown): string {
  return /^[A-Z]{2,20}\b/.exec(messageOf(error))?.[0] ?? "no reason given";
}
