// Calls to a server behind a network: a deadline for each, a circuit breaker for all, no arguments in errors.

import { setTimeout as pause } from "node:timers/promises";
import { isSessionError, SessionError } from "../../core/errors.ts";
import { Breaker, type Circuit } from "./breaker.ts";
import { DEADLINES } from "./deadlines.ts";

/** The kind of server, and the meaning of its errors. */
export interface Engine {
  /** Its name in messages. */
  readonly name: string;
  /** Whether an error of its client library concerns the server as a whole, rather than one command. */
  isOutage(error: unknown): boolean;
  /** The code of such an error, which quotes nothing. */
  codeOf(error: unknown): string;
}

export interface Call<T> {
  /** For messages. */
  readonly name: string;
  /** The values that no message may hold; asked for after a failure. */
  args(): readonly (string | null)[];
  /** By `DEADLINES`; infinite for none. */
  readonly endsAt: number;
  /** It changes nothing, so it is sent once more after an outage. */
  readonly isRead: boolean;
  /** A promise to wait for before the call is sent. */
  ready?(): Promise<void> | undefined;
  send(): Promise<T>;
  /** Called when the deadline has passed without an answer. */
  abandon?(): void;
}

/** Longest pause before the second attempt; a random part of it, so that those who failed together come apart. */
const RETRY_PAUSE = 25;

export class Calls {
  readonly deadline: number;
  readonly #engine: Engine;
  readonly #breaker: Breaker;

  /** `deadline` in milliseconds holds for each call; `Infinity` sets none. */
  constructor(engine: Engine, deadline: number, breaker = new Breaker()) {
    this.#engine = engine;
    this.deadline = deadline;
    this.#breaker = breaker;
  }

  get circuit(): Circuit {
    return this.#breaker.circuit;
  }

  /** The time at which an operation that begins now has to be over, by `DEADLINES`. */
  endsAt(): number {
    return DEADLINES.now() + this.deadline;
  }

  /** Fails with `ERR_SESSION_STORE`, which means "unknown whether it was done". */
  async ask<T>(call: Call<T>): Promise<T> {
    for (let tries = call.isRead ? 2 : 1; ; tries--) {
      const ready = call.ready?.();
      if (ready !== undefined) await ready;
      const pass = this.#enter(call);
      try {
        const reply = await this.#within(call);
        this.#breaker.leave(pass, false);
        return reply;
      } catch (error) {
        const isOutage = isSessionError(error) ? error instanceof Late : this.#engine.isOutage(error);
        this.#breaker.leave(pass, isOutage);
        if (tries === 1 || isSessionError(error) || !isOutage) throw this.#describe(error, call);
      }
      await pause(Math.random() * RETRY_PAUSE);
    }
  }

  /** The same, but it passes the breaker by, because it waits for more than the server's answer. */
  async askBeside<T>(call: Call<T>): Promise<T> {
    try {
      return await this.#within(call);
    } catch (error) {
      throw this.#describe(error, call);
    }
  }

  #enter<T>({ name, endsAt }: Call<T>): number {
    if (endsAt <= DEADLINES.now()) throw this.#late(name);
    const pass = this.#breaker.enter();
    if (pass === null) throw failure(`${this.#engine.name} is out and will be asked again soon. Nothing was sent.`);
    return pass;
  }

  /** The reply may come after the deadline; nothing waits for it any more then, and no other call can get it. */
  #within<T>(call: Call<T>): Promise<T> {
    if (call.endsAt === Number.POSITIVE_INFINITY) return call.send();
    return new Promise((resolve, reject) => {
      const giveUp = () => {
        reject(this.#late(call.name));
        call.abandon?.();
      };
      // After a stall of this process its timers run before its sockets are read: one more turn lets an answer in.
      let isSettled = false;
      const waiting = DEADLINES.add(call.endsAt, () => setImmediate(() => isSettled || giveUp()));
      const settle = <V>(done: (value: V) => void) => {
        return (value: V) => {
          isSettled = true;
          DEADLINES.remove(waiting);
          done(value);
        };
      };
      call.send().then(settle(resolve), settle(reject));
    });
  }

  #late(name: string): Late {
    return new Late("ERR_SESSION_STORE", `${this.#engine.name} did not answer \`${name}\` within ${this.deadline} ms.`);
  }

  /**
   * Clients put the arguments into their errors, as properties and inside messages, and arguments are session data. So
   * nothing of the error is kept but its name, its code, and its message up to the first quotation.
   */
  #describe<T>(error: unknown, call: Call<T>): SessionError {
    if (error instanceof SessionError) return error;
    const said = /^[^'"`\n]*/.exec(messageOf(error))?.[0].trim() ?? "";
    const leaks = call.args().some((argument) => argument !== null && argument.length > 3 && said.includes(argument));
    const reason = leaks || said === "" ? this.#engine.codeOf(error) || "no reason given" : said;
    return failure(`${this.#engine.name} failed to do \`${call.name}\`: ${reason.slice(0, 200)}`, new Error(reason));
  }
}

class Late extends SessionError {}

export function failure(message: string, cause?: Error): SessionError {
  return new SessionError("ERR_SESSION_STORE", message, cause && { cause });
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : "";
}
