// Holds back what is written to a response of node:http or node:http2 until the session is settled; then lets it go, or
// answers something else while that is still possible. Knows no framework.

import { SessionError } from "../core/errors.ts";
import type { SessionResponse } from "../core/transport.ts";
import type { Answer } from "./answer.ts";
import {
  appended,
  checkChunk,
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

/** What a held response waits for. */
export interface Settlement {
  /**
   * `null` when the response may leave at once; else a promise of `null`, or of the answer to send in its place. Never throws
   * or rejects. What the client must know goes into `headers`.
   */
  settle(status: number, headers: SessionResponse): Promise<Answer | null> | null;
  /** Hears of an error that can no longer be answered. */
  report(error: unknown): void;
}

/**
 * Nothing written to `response` from now on leaves before `settlement` is through. It begins with the first output, and with
 * the status of that moment. From then on handlers find the response as if it had left: a header that comes too late throws.
 * Throws `ERR_SESSION_STATE` when the response is held already.
 *
 * Node sends headers while the handler's call is still on the stack, and a store answers later. The methods are replaced on
 * the object, by functions that all responses share, because frameworks such as Express exchange the prototype.
 */
export function hold(response: NodeResponse, settlement: Settlement): void {
  const held = response as unknown as Held;
  if (held[HOLD] !== undefined) throw new SessionError("ERR_SESSION_STATE", HELD_TWICE);
  held[HOLD] = new Hold(held, settlement);
  held.writeHead = heldWriteHead;
  held.write = heldWrite;
  held.end = heldEnd;
  held.flushHeaders = heldFlushHeaders;
}

/**
 * Answers in place of a handler that failed. False when the handler had begun to answer; then the connection is cut, unless
 * the answer was whole.
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
  [HOLD]: Hold | undefined;
}

type Output = "writeHead" | "write" | "end" | "flushHeaders" | "flush";
type HeaderChange = "setHeader" | "appendHeader" | "removeHeader";
type Call = readonly [Output, readonly unknown[]];

class Hold implements SessionResponse {
  readonly #response: Held;
  readonly #settlement: Settlement;
  /** The response's methods that are replaced by now. */
  #original: { readonly [name in Output | HeaderChange]?: LooseResponse[name] | undefined };
  #state: "open" | "holding" | "released" | "replaced" = "open";
  #isEnded = false;
  #queue: Call[] = [];

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
   * The headers are set before the session adds its own. Were they handed to Node's `writeHead` afterwards, their
   * `Set-Cookie` would replace that of the session (compare CVE-2025-7339).
   */
  writeHead(args: readonly unknown[]): unknown {
    if (this.#state === "released") return this.#pass("writeHead", args);
    if (this.#state !== "open") throw headersSent();
    const [status, reason, headers] = args as [number, unknown, GivenHeaders];
    checkStatus(status);
    this.#response.statusCode = status;
    if (typeof reason === "string") this.#response.statusMessage = reason;
    setHeaders(this.#response, typeof reason === "string" ? headers : (headers ?? (reason as GivenHeaders)));
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

  /** The package `compression` sends what it has gathered; while output is held, it has gathered nothing yet. */
  flush(args: readonly unknown[]): unknown {
    if (this.#state !== "holding") return this.#pass("flush", args);
    return void this.#queue.push(["flush", args]);
  }

  /** Without this, a second answer of a route that forgot to return would spoil the length of the first. */
  changeHeader(change: HeaderChange, args: readonly unknown[]): unknown {
    if (this.#state === "holding") throw headersSent();
    return this.#pass(change, args);
  }

  get(name: string): string | undefined {
    return this.#response.getHeader(name)?.toString();
  }

  set(name: string, value: string): void {
    this.#pass("setHeader", [name, value]);
  }

  append(name: string, value: string): void {
    this.#pass("setHeader", [name, appended(name, this.#response.getHeader(name), value)]);
  }

  #pass(output: Output | HeaderChange, args: readonly unknown[]): unknown {
    const method = (this.#original[output] ?? this.#response[output]) as (...args: unknown[]) => unknown;
    return method.apply(this.#response, args as unknown[]);
  }

  /**
   * Whether somebody further out keeps the listeners of `drain` for a stream of his own, as the package `compression` does:
   * then nobody here could wake a pipe, so it is not put to sleep. The price is that it writes on for as long as the store takes.
   */
  get #hasOwnDrain(): boolean {
    return Object.hasOwn(this.#response, "on");
  }

  /** Lets the first output through when there is nothing to wait for, and keeps it otherwise. */
  #output(output: Output, args: readonly unknown[], whileHeld: unknown): unknown {
    if (this.#state === "open") {
      const status = this.#response.statusCode;
      checkStatus(status);
      const settling = this.#settlement.settle(status, this);
      if (settling === null) {
        this.#state = "released";
        return this.#pass(output, args);
      }
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

  /** Until now they worked as ever. Property by property: `Object.assign` takes several times as long. */
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
   * A held `write` answered `false`, so a pipe now waits for `drain`. Node only emits it when it answered `false` itself: where
   * the last replayed `write` did not, nobody would ever wake the pipe.
   */
  #replay(queue: readonly Call[]): void {
    let wantsMore: unknown = false;
    for (const [output, args] of queue) {
      const result = this.#pass(output, args);
      if (output === "write") wantsMore = result;
    }
    if (wantsMore === true && !this.#isEnded) process.nextTick(() => this.#response.emit("drain"));
  }

  /** What was written is dropped, and whatever is still written later: the client has its whole answer. */
  #replace(answer: Answer, queue: readonly Call[]): void {
    this.#response.once("unpipe", destroySource);
    writeAnswer(this.#response, answer);
    this.#state = "replaced";
    for (const [, args] of queue) forget(args);
    if (!this.#isEnded) process.nextTick(() => this.#response.emit("drain"));
  }
}

function heldWriteHead(this: LooseResponse, ...args: unknown[]): unknown {
  return holdOf(this).writeHead(args);
}

function heldWrite(this: LooseResponse, ...args: unknown[]): unknown {
  return holdOf(this).write(args);
}

function heldEnd(this: LooseResponse, ...args: unknown[]): unknown {
  return holdOf(this).end(args);
}

function heldFlushHeaders(this: LooseResponse): void {
  holdOf(this).flushHeaders();
}

function heldFlush(this: LooseResponse, ...args: unknown[]): unknown {
  return holdOf(this).flush(args);
}

function heldSetHeader(this: LooseResponse, ...args: unknown[]): unknown {
  return holdOf(this).changeHeader("setHeader", args);
}

function heldAppendHeader(this: LooseResponse, ...args: unknown[]): unknown {
  return holdOf(this).changeHeader("appendHeader", args);
}

function heldRemoveHeader(this: LooseResponse, ...args: unknown[]): unknown {
  return holdOf(this).changeHeader("removeHeader", args);
}

/** While output is held, handlers and frameworks find the response as if it had been let through. */
const SENT: PropertyDescriptor = { configurable: true, value: true };

const ENDED: PropertyDescriptor & ThisType<LooseResponse> = {
  configurable: true,
  get() {
    return holdOf(this).isEnded;
  },
};

function holdOf(response: LooseResponse): Hold {
  return (response as Held)[HOLD] as Hold;
}
