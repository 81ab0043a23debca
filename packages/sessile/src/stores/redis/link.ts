// The store's way to Redis: a deadline for every command, no waiting while disconnected, no arguments in errors.

import { createHash } from "node:crypto";
import { SessionError } from "../../core/errors.ts";
import type { RedisPort } from "./client.ts";

/** A Lua script that touches one key. */
export interface Script {
  readonly text: string;
  readonly sha: string;
}

export function script(text: string): Script {
  return { text, sha: createHash("sha1").update(text).digest("hex") };
}

export class RedisLink {
  readonly #port: RedisPort;
  readonly #deadline: number;

  /** `deadline` in milliseconds holds for each command; `Infinity` sets none. */
  constructor(port: RedisPort, deadline: number) {
    this.#port = port;
    this.#deadline = deadline;
  }

  /** When an operation that begins now has to be over, for callers that send several commands under one deadline. */
  endsAt(): number {
    return performance.now() + this.#deadline;
  }

  /** Sends one command about `key`. Fails with `ERR_SESSION_STORE`, which means "unknown whether it was done". */
  async send(key: string, args: readonly string[], endsAt = this.endsAt()): Promise<unknown> {
    try {
      return await this.#ask(key, args, endsAt);
    } catch (error) {
      throw describe(error, args);
    }
  }

  /** Runs a script on `key`. A server that does not know the script yet gets its text, once. */
  async run({ sha, text }: Script, key: string, args: readonly string[], endsAt = this.endsAt()): Promise<unknown> {
    try {
      return await this.#ask(key, ["EVALSHA", sha, "1", key, ...args], endsAt);
    } catch (error) {
      if (!messageOf(error).startsWith("NOSCRIPT")) throw describe(error, ["EVALSHA", ...args]);
    }
    return this.send(key, ["EVAL", text, "1", key, ...args], endsAt);
  }

  /** The reply may come after the deadline; nobody listens any more then, and nobody else can get it. */
  #ask(key: string, args: readonly string[], endsAt: number): Promise<unknown> {
    if (!this.#port.isReady()) return Promise.reject(failure("Redis is not connected. Nothing was sent."));
    if (endsAt === Number.POSITIVE_INFINITY) return this.#port.send(key, args);
    return new Promise((resolve, reject) => {
      const late = () => reject(failure(`Redis did not answer \`${args[0]}\` within ${this.#deadline} ms.`));
      const left = endsAt - performance.now();
      if (left <= 0) return late();
      // After a stall of this process its timers run before its sockets are read: one more turn lets an answer in.
      const timer = setTimeout(() => setImmediate(late), left);
      const settle = <T>(done: (value: T) => void) => {
        return (value: T) => {
          clearTimeout(timer);
          done(value);
        };
      };
      this.#port.send(key, args).then(settle(resolve), settle(reject));
    });
  }
}

export function failure(message: string, cause?: Error): SessionError {
  return new SessionError("ERR_SESSION_STORE", message, cause && { cause });
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
