// The calling thread's end of the writer thread: starts it, asks it, notices when it dies. Knows no SQL.

import { Worker } from "node:worker_threads";
import { toFailure } from "./port.ts";
import { type Attempt, failed, type Step, type Writer } from "./transaction.ts";
import { WRITER_PROGRAM } from "./writer-program.ts";

/** What the thread is started with. */
export interface WriterData {
  readonly path: string;
  /** All of `OpenFile`'s, and what to say when their identity is another one. */
  readonly files: readonly string[];
  readonly identity: string;
  readonly exchanged: string;
  /** How its connection is set up. */
  readonly pragmas: readonly (readonly [name: string, value: string | number])[];
  /** The statements that steps name. */
  readonly sql: Readonly<Record<string, string>>;
}

export class WriterThread implements Writer {
  readonly isBlocking = false;
  readonly #data: WriterData;
  #worker: Worker | null = null;
  #waiting: { answer: (text: string | null) => void; fail: (reason: unknown) => void } | null = null;

  constructor(data: WriterData) {
    this.#data = data;
    this.#worker = this.#start();
  }

  /** The process stays alive while a write waits, and only then. */
  async attempt(steps: readonly Step[]): Promise<Attempt> {
    try {
      return JSON.parse((await this.#ask(JSON.stringify(steps))) as string) as Attempt;
    } catch (error) {
      return failed(toFailure(error));
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

  /** Without the program's own flags: a preloaded module of the application has no business in this thread. */
  #start(): Worker {
    const worker = new Worker(WRITER_PROGRAM, { eval: true, workerData: this.#data, execArgv: [], name: "sessile" });
    let reason: unknown = new Error("the writer thread ended");
    worker.on("message", (text: string | null) => this.#waiting?.answer(text));
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
