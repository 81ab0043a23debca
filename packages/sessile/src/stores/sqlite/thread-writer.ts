// The writer in a thread of its own, seen from the calling thread: starts the thread, sends it transactions, restarts
// it after its death.

import { Worker } from "node:worker_threads";
import type { FileIdentity } from "./database-file.ts";
import type { Pragmas } from "./pragmas.ts";
import { THREAD_PROGRAM } from "./thread-program.ts";
import type { Attempt, Step, Writer } from "./write-queue.ts";

export class ThreadWriter implements Writer {
  readonly isBlocking = false;
  readonly #data: object;
  #worker: Worker | null = null;
  #waiting: { answer: (text: string | null) => void; fail: (reason: unknown) => void } | null = null;

  /** `pragmas` are for the connection of the thread; `sql` holds the statements that steps name. */
  constructor(
    { path, files, identity, exchanged, emptied, log, truncated, seen }: FileIdentity,
    pragmas: Pragmas,
    sql: Readonly<Record<string, string>>,
  ) {
    this.#data = { path, files, identity, exchanged, emptied, log, truncated, seen, pragmas, sql };
    this.#worker = this.#start();
  }

  /** The process stays alive while a write waits, and only then. */
  async attempt(steps: readonly Step[]): Promise<Attempt> {
    try {
      const attempt = JSON.parse((await this.#ask(JSON.stringify(steps))) as string) as Attempt;
      return attempt.status === "failed" ? { ...attempt, error: toError(attempt.error as Error) } : attempt;
    } catch (error) {
      return { status: "failed", error, isUndone: false };
    } finally {
      this.#worker?.unref();
    }
  }

  async close(): Promise<void> {
    await this.#ask(null);
    await this.#worker?.terminate();
  }

  #ask(message: string | null): Promise<string | null> {
    return new Promise((answer, fail) => {
      this.#worker ??= this.#start();
      this.#waiting = { answer, fail };
      this.#worker.ref();
      this.#worker.postMessage(message);
    });
  }

  /** `execArgv` is empty, so that modules which the application preloads are not loaded into this thread. */
  #start(): Worker {
    const worker = new Worker(THREAD_PROGRAM, { eval: true, workerData: this.#data, execArgv: [], name: "sessile" });
    let reason: unknown = new Error("the writer thread ended");
    worker.on("message", (message: unknown) => {
      // Under `node --watch`, Node.js reports to this end, as objects, the modules that the thread loads.
      if (typeof message === "string" || message === null) this.#waiting?.answer(message);
    });
    worker.on("error", (error) => {
      reason = error;
    });
    worker.on("exit", () => {
      this.#worker = null;
      this.#waiting?.fail(reason);
    });
    worker.unref();
    return worker;
  }
}

/** An `Error` from the driver's message and code, which is all that crosses threads. */
function toError({ message, ...rest }: Error): Error {
  return Object.assign(new Error(message), rest);
}
