// The calling thread's end of the writer thread: starts it, asks it, notices when it dies. Knows no SQL.

import { Worker } from "node:worker_threads";
import { failed, type Outcome } from "./group-commit.ts";
import type { UnchangedRecords } from "./unchanged.ts";
import type { Writer } from "./write-queue.ts";
import type { Reply, WriterData } from "./writer.ts";

export class WriterThread implements Writer {
  readonly isBlocking = false;
  readonly #data: WriterData;
  #worker: Worker | null = null;
  readonly #unchanged: UnchangedRecords | null;
  #waiting: { answer: (reply: Reply) => void; fail: (reason: unknown) => void } | null = null;

  /** `unchanged` is told of every write. */
  constructor(data: WriterData, unchanged: UnchangedRecords | null) {
    this.#data = data;
    this.#unchanged = unchanged;
    this.#worker = this.#start();
  }

  /** The process stays alive while a write waits, and only then. */
  async attempt(operations: readonly string[]): Promise<readonly Outcome[]> {
    this.#unchanged?.writing();
    try {
      const { outcomes, span } = await this.#ask(`[${operations.join(",")}]`);
      this.#unchanged?.wrote(span);
      return outcomes;
    } catch (error) {
      this.#unchanged?.wrote(null);
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

  #ask(message: string): Promise<Reply> {
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
    worker.on("message", (text: string) => this.#waiting?.answer(JSON.parse(text) as Reply));
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
