// A response of node:http or node:http2 whose output is held back until the session is settled; then it leaves, or
// another answer in its place.

import type { OutgoingHttpHeader } from "node:http";
import { SessionError } from "../../core/errors.ts";
import type { SessionResponse } from "../../core/transport.ts";
import type { Answer } from "./answer.ts";
import {
  appended,
  checkChunk,
  checkHeaders,
  checkStatus,
  cut,
  destroySource,
  forget,
  type GivenHeaders,
  headersSent,
  type LooseResponse,
  type NodeResponse,
  setHeaders,
  writeAnswer,
} from "./node-response.ts";

/** The step that a held response waits for. */
export interface Settlement {
  /**
   * Returns `null` if the response may leave at once; else a promise of `null`, or of the answer to send in its place.
   * Never throws or rejects. Sets the headers that the client needs.
   */
  settle(status: number, headers: SessionResponse): Promise<Answer | null> | null;
  /** Called with an error that can no longer be answered. */
  report(error: unknown): void;
}

/**
 * From now on no output of `response` leaves before `settlement` is done. It begins with the first output, and with the
 * status of that moment. From then on the response looks sent to handlers: a late header throws. Throws
 * `ERR_SESSION_STATE` if the response is held already.
 *
 * Node sends headers while the handler's call is still on the stack, and a store answers later. The methods are
 * replaced on the object, by functions that all responses share, because frameworks such as Express exchange the
 * prototype.
 */
export function hold(response: NodeResponse, settlement: Settlement): void {
  if (HOLD in response) throw new SessionError("ERR_SESSION_STATE", HELD_TWICE);
  const held = response as unknown as Held;
  held[HOLD] = new Hold(held, settlement);
  held.writeHead = heldWriteHead;
  held.write = heldWrite;
  held.end = heldEnd;
  held.flushHeaders = heldFlushHeaders;
}

/**
 * Answers in place of a failed handler. Returns false if the handler had begun to answer; then the connection is cut,
 * unless the answer was complete.
 */
export function answerInstead(response: NodeResponse, answer: Answer): boolean {
  const isFree = !response.headersSent;
  if (isFree) writeAnswer(response as unknown as LooseResponse, answer);
  else if (!response.writableEnded) cut(response as unknown as LooseResponse);
  return isFree;
}

const HELD_TWICE = "This request has a session already. Use `sessions` once, with one manager.";

const HOLD: unique symbol = Symbol("sessile.hold");

interface Held extends LooseResponse {
  [HOLD]: Hold;
}

type Output = "writeHead" | "write" | "end" | "flushHeaders" | "flush";
type HeaderChange = "setHeader" | "appendHeader" | "removeHeader";
type Call = readonly [Output, readonly unknown[]];

class Hold implements SessionResponse {
  readonly #response: Held;
  readonly #settlement: Settlement;
  /** The methods of the response that have been replaced. */
  #original: { readonly [name in Output | HeaderChange]?: LooseResponse[name] | undefined };
  #state: "open" | "holding" | "released" | "replaced" = "open";
  #isEnded = false;
  #queue: Call[] = [];
  /** The headers of a `writeHead`, while the session adds its own. */
  #given: Record<string, OutgoingHttpHeader> | null = null;

  constructor(response: Held, settlement: Settlement) {
    this.#response = response;
    this.#settlement = settlement;
    const { writeHead, write, end, flushHeaders } = response;
    this.#original = { writeHead, write, end, flushHeaders };
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  /**
   * The session adds its headers to the given ones. In the other order Node's `writeHead` would replace a `Set-Cookie`
   * of the session (compare CVE-2025-7339).
   */
  writeHead(args: readonly unknown[]): unknown {
    if (this.#state === "released") return this.#pass("writeHead", args);
    if (this.#state !== "open") throw headersSent();
    const [status, reason, second] = args as [number, unknown, GivenHeaders];
    const given = typeof reason === "string" ? second : (second ?? (reason as GivenHeaders));
    checkStatus(status);
    checkHeaders(given);
    this.#response.statusCode = status;
    if (typeof reason === "string") this.#response.statusMessage = reason;
    this.#given = this.#isBare(given) ? { ...given } : null;
    if (this.#given === null) setHeaders(this.#response, given);
    return this.#output("writeHead", [status], this.#response);
  }

  write(args: readonly unknown[]): unknown {
    if (this.#state === "released") return this.#pass("write", args);
    checkChunk(args[0]);
    if (this.#state === "replaced") return forget(args);
    return this.#output("write", args, this.#hasOwnDrain);
  }

  end(args: readonly unknown[]): unknown {
    if (this.#state === "released") return this.#pass("end", args);
    if (typeof args[0] !== "function" && args[0] != null) checkChunk(args[0]);
    if (this.#state === "replaced") forget(args);
    else this.#output("end", args, this.#response);
    this.#isEnded = true;
    return this.#response;
  }

  flushHeaders(): void {
    if (this.#state === "released") this.#pass("flushHeaders", []);
    else if (this.#state !== "replaced") this.#output("flushHeaders", [], undefined);
  }

  /** Called by the package `compression` to send its buffer, which is empty while output is held. */
  flush(args: readonly unknown[]): unknown {
    if (this.#state !== "holding") return this.#pass("flush", args);
    return void this.#queue.push(["flush", args]);
  }

  /**
   * Refuses the headers of a second answer, from a route that forgot to return: its length would replace the first
   * one's.
   */
  changeHeader(change: HeaderChange, args: readonly unknown[]): unknown {
    if (this.#state === "holding") throw headersSent();
    return this.#pass(change, args);
  }

  get(name: string): string | undefined {
    return this.#header(name)?.toString();
  }

  set(name: string, value: string): void {
    this.#setHeader(name, value);
  }

  append(name: string, value: string): void {
    this.#setHeader(name, appended(name, this.#header(name), value));
  }

  #header(name: string): OutgoingHttpHeader | undefined {
    return this.#given === null ? this.#response.getHeader(name) : this.#given[name];
  }

  #setHeader(name: string, value: string | string[]): void {
    if (this.#given === null) this.#pass("setHeader", [name, value]);
    else this.#given[name] = value;
  }

  /**
   * Whether `given` are all headers of the response, with names in lower case, as Fastify passes them. Then Node gets
   * one object instead of a call for each.
   */
  #isBare(given: GivenHeaders): given is Record<string, OutgoingHttpHeader> {
    if (given == null || Array.isArray(given) || this.#response.stream !== undefined) return false;
    for (const name in given) if (name !== name.toLowerCase()) return false;
    return this.#response.getHeaderNames().length === 0;
  }

  #pass(output: Output | HeaderChange, args: readonly unknown[]): unknown {
    const method = (this.#original[output] ?? this.#response[output]) as (...args: unknown[]) => unknown;
    return method.apply(this.#response, args as unknown[]);
  }

  /**
   * Whether an outer layer keeps the listeners of `drain` for a stream of its own, as the package `compression` does.
   * Then a pipe could not be resumed from here, so it is never paused, and writes on for as long as the store takes.
   */
  get #hasOwnDrain(): boolean {
    return Object.hasOwn(this.#response, "on");
  }

  /** Passes the first output on if nothing has to be waited for, and queues it otherwise. */
  #output(output: Output, args: readonly unknown[], whileHeld: unknown): unknown {
    if (this.#state === "open") {
      const status = this.#response.statusCode;
      checkStatus(status);
      const settling = this.#settlement.settle(status, this);
      const given = this.#given;
      this.#given = null;
      if (settling === null) {
        this.#state = "released";
        return this.#pass(output, given === null ? args : [status, given]);
      }
      setHeaders(this.#response, given);
      this.#hold(status, settling);
    }
    this.#queue.push([output, args]);
    return whileHeld;
  }

  #hold(status: number, settling: Promise<Answer | null>): void {
    this.#state = "holding";
    this.#holdMore();
    const { statusMessage } = this.#response;
    const hasFinished = Object.hasOwn(this.#response, "finished"); // with node:http2 the prototype has it
    Object.defineProperty(this.#response, "headersSent", SENT);
    Object.defineProperty(this.#response, "writableEnded", ENDED);
    if (hasFinished) Object.defineProperty(this.#response, "finished", ENDED);
    void settling.then((answer) => {
      for (const name of ["headersSent", "writableEnded", "finished"] as const) delete this.#response[name];
      if (hasFinished) this.#response.finished = false;
      this.#response.statusCode = status;
      if (statusMessage !== undefined) this.#response.statusMessage = statusMessage;
      this.#finish(answer);
    });
  }

  /**
   * Replaces the methods that need it only while holding. Property by property: `Object.assign` takes several times as
   * long.
   */
  #holdMore(): void {
    const { writeHead, write, end, flushHeaders } = this.#original;
    const { setHeader, appendHeader, removeHeader, flush } = this.#response;
    this.#original = { writeHead, write, end, flushHeaders, setHeader, appendHeader, removeHeader, flush };
    this.#response.setHeader = heldSetHeader;
    this.#response.appendHeader = heldAppendHeader;
    this.#response.removeHeader = heldRemoveHeader;
    if (flush !== undefined) this.#response.flush = heldFlush;
  }

  #finish(answer: Answer | null): void {
    const queue = this.#queue;
    this.#queue = [];
    this.#state = "released";
    try {
      if (answer === null) this.#replay(queue);
      else this.#replace(answer, queue);
    } catch (error) {
      this.#settlement.report(error);
      cut(this.#response);
    }
  }

  /**
   * A held `write` returned `false`, so a pipe now waits for `drain`. Node emits it only after a `false` of its own: if
   * the last replayed `write` returned true, it is emitted here.
   */
  #replay(queue: readonly Call[]): void {
    let wantsMore: unknown = false;
    for (const [output, args] of queue) {
      const result = this.#pass(output, args);
      if (output === "write") wantsMore = result;
    }
    if (wantsMore === true && !this.#isEnded) process.nextTick(() => this.#response.emit("drain"));
  }

  /** Sends `answer` and drops all other output, past and future. */
  #replace(answer: Answer, queue: readonly Call[]): void {
    this.#response.once("unpipe", destroySource);
    writeAnswer(this.#response, answer);
    this.#state = "replaced";
    for (const [, args] of queue) forget(args);
    if (!this.#isEnded) process.nextTick(() => this.#response.emit("drain"));
  }
}

function heldWriteHead(this: Held, ...args: unknown[]): unknown {
  return this[HOLD].writeHead(args);
}

function heldWrite(this: Held, ...args: unknown[]): unknown {
  return this[HOLD].write(args);
}

function heldEnd(this: Held, ...args: unknown[]): unknown {
  return this[HOLD].end(args);
}

function heldFlushHeaders(this: Held): void {
  this[HOLD].flushHeaders();
}

function heldFlush(this: Held, ...args: unknown[]): unknown {
  return this[HOLD].flush(args);
}

function heldSetHeader(this: Held, ...args: unknown[]): unknown {
  return this[HOLD].changeHeader("setHeader", args);
}

function heldAppendHeader(this: Held, ...args: unknown[]): unknown {
  return this[HOLD].changeHeader("appendHeader", args);
}

function heldRemoveHeader(this: Held, ...args: unknown[]): unknown {
  return this[HOLD].changeHeader("removeHeader", args);
}

/** While output is held, the response looks sent to handlers and frameworks. */
const SENT: PropertyDescriptor = { configurable: true, value: true };

const ENDED: PropertyDescriptor & ThisType<Held> = {
  configurable: true,
  get() {
    return this[HOLD].isEnded;
  },
};
