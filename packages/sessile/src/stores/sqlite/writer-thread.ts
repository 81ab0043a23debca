// The calling thread's end of the writer thread: starts it, asks it, notices when it dies. Knows no SQL.

import { Worker } from "node:worker_threads";
import { failed, type Outcome } from "./group-commit.ts";
import type { Writer } from "./write-queue.ts";
import type { WriterData } from "./writer.ts";

export class WriterThread implements Writer {
  readonly #data: WriterData;
  #worker: Worker | null = null;
  #waiting: { answer: (outcomes: Outcome[]) => void; fail: (reason: unknown) => void } | null = null;

  constructor(data: WriterData) {
    this.#data = data;
    this.#worker = this.#start();
  }

  /** The microtasks of this turn; what comes later gathers while the thread works. */
  async gather(): Promise<void> {}

  /** The process stays alive while a write waits, and only then. */
  async attempt(operations: readonly string[]): Promise<readonly Outcome[]> {
    try {
      return await this.#ask(`[${operations.join(",")}]`);
    } catch (error) {
      return operations.map(() => failed(error));
    } finally {
      this.#waiting = null;
      this.#worker?.unref();
    }
  }

  async close(): Promise<void> {
    const worker = this.#worker ?? this.#start();
    const ended = new Promise((resolve) => worker.once("exit", resolve));
    worker.ref();
    worker.postMessage(null);
    await ended;
  }

  #ask(message: string): Promise<Outcome[]> {
    return new Promise((answer, fail) => {
      this.#worker ??= this.#start();
      this.#waiting = { answer, fail };
      this.#worker.ref();
      this.#worker.postMessage(message);
    });
  }

  /**
   * Without the program's own flags: a preloaded module of the application has no business in this thread. And without
   * the warning that node:sqlite is experimental, which Node.js 22 has given on the calling thread already.
   */
  #start(): Worker {
    const worker = new Worker(new URL("./writer.js", import.meta.url), {
      workerData: this.#data,
      execArgv: ["--disable-warning=ExperimentalWarning"],
      name: "sessile",
    });
    let reason: unknown = new Error("the writer thread ended");
    worker.on("message", (text: string) => this.#waiting?.answer(JSON.parse(text) as Outcome[]));
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
