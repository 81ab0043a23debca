// Holds back what is written to a response of node:http or node:http2 until the session is settled; then lets it go, or
// answers something else while that is still possible. Knows no framework.

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
 *
 * Node sends headers while the handler's call is still on the stack, and a store answers later. The methods are replaced on
 * the object, by functions that all responses share, because frameworks such as Express exchange the prototype.
 */
export function hold(response: NodeResponse, settlement: Settlement): void {
  const held = response as unknown as Held;
  if (held[HOLD] === undefined) install(held, settlement);
  else held[HOLD].join(settlement);
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

const HOLD: unique symbol = Symbol("sessile.hold");

interface Held extends LooseResponse {
  [HOLD]: Hold | undefined;
}

type Output = "writeHead" | "write" | "end" | "flushHeaders";
type HeaderChange = "setHeader" | "appendHeader" | "removeHeader";
type Call = readonly [Output, readonly unknown[]];

class Hold implements SessionResponse {
  readonly #response: Held;
  readonly #settlements: Settlement[];
  #original: Pick<LooseResponse, Output> & Partial<Pick<LooseResponse, HeaderChange>>;
  #state: "open" | "holding" | "released" | "replaced" = "open";
  #isEnded = false;
  #queue: Call[] = [];

  constructor(response: Held, settlement: Settlement) {
    this.#response = response;
    this.#settlements = [settlement];
    const { writeHead, write, end, flushHeaders } = response;
    this.#original = { writeHead, write, end, flushHeaders };
  }

  get isHolding(): boolean {
    return this.#state === "holding";
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** A second session on the same response: whoever came last is settled first. */
  join(settlement: Settlement): void {
    this.#settlements.unshift(settlement);
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
      const settling = this.#settle(status);
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
    this.#holdHeaders();
    Object.defineProperty(this.#response, "headersSent", WHILE_HOLDING.headersSent);
    Object.defineProperty(this.#response, "writableEnded", WHILE_HOLDING.writableEnded);
    void this.#finish(status, settling);
  }

  /** Until now they were set as ever. Property by property: `Object.assign` takes several times as long. */
  #holdHeaders(): void {
    const { writeHead, write, end, flushHeaders } = this.#original;
    const { setHeader, appendHeader, removeHeader } = this.#response;
    this.#original = { writeHead, write, end, flushHeaders, setHeader, appendHeader, removeHeader };
    this.#response.setHeader = heldSetHeader;
    this.#response.appendHeader = heldAppendHeader;
    this.#response.removeHeader = heldRemoveHeader;
  }

  async #finish(status: number, settling: Promise<Answer | null>): Promise<void> {
    const answer = await settling;
    const queue = this.#queue;
    this.#queue = [];
    try {
      if (answer === null) this.#replay(status, queue);
      else this.#replace(answer, queue);
    } catch (error) {
      this.#settlements[0]?.report(error);
      cut(this.#response);
    }
  }

  #settle(status: number): Promise<Answer | null> | null {
    if (this.#settlements.length > 1) return this.#settleAll(status);
    return (this.#settlements[0] as Settlement).settle(status, this);
  }

  /** When one session cannot be settled, those after it hear the status of the failure: they keep nothing then. */
  async #settleAll(status: number): Promise<Answer | null> {
    let answer: Answer | null = null;
    for (const settlement of this.#settlements) {
      const instead: Answer | null = await settlement.settle(
        answer === null ? status : (answer as Answer).status,
        this,
      );
      answer = instead ?? answer;
    }
    return answer;
  }

  /**
   * A held `write` answered `false`, so a pipe now waits for `drain`. Node only emits it when it answered `false` itself: where
   * the last replayed `write` did not, nobody would ever wake the pipe.
   */
  #replay(status: number, queue: readonly Call[]): void {
    this.#state = "released";
    this.#response.statusCode = status;
    let wantsMore: unknown = false;
    for (const [output, args] of queue) {
      const result = this.#pass(output, args);
      if (output === "write") wantsMore = result;
    }
    if (wantsMore === true && !this.#isEnded) process.nextTick(() => this.#response.emit("drain"));
  }

  /** What was written is dropped, and whatever is still written later: the client has its whole answer. */
  #replace(answer: Answer, queue: readonly Call[]): void {
    this.#state = "released";
    this.#response.once("unpipe", destroySource);
    writeAnswer(this.#response, answer);
    this.#state = "replaced";
    for (const [, args] of queue) forget(args);
    if (!this.#isEnded) process.nextTick(() => this.#response.emit("drain"));
  }
}

function install(response: Held, settlement: Settlement): void {
  response[HOLD] = new Hold(response, settlement);
  response.writeHead = heldWriteHead;
  response.write = heldWrite;
  response.end = heldEnd;
  response.flushHeaders = heldFlushHeaders;
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
const WHILE_HOLDING = {
  headersSent: getter((response) => holdOf(response).isHolding || inherited(response, "headersSent")),
  writableEnded: getter((response) => holdOf(response).isEnded || inherited(response, "writableEnded")),
};

function getter(read: (response: LooseResponse) => boolean): PropertyDescriptor & ThisType<LooseResponse> {
  return {
    configurable: true,
    get() {
      return read(this);
    },
  };
}

function inherited(response: LooseResponse, property: string): boolean {
  return Reflect.get(Object.getPrototypeOf(response) as object, property, response) as boolean;
}

function holdOf(response: LooseResponse): Hold {
  return (response as Held)[HOLD] as Hold;
}
