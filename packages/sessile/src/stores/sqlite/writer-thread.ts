// The calling thread's end of the writer thread: starts it, asks it, notices when it dies. Knows no SQL.

import { Worker } from "node:worker_threads";
import type { OpenFile } from "./open-file.ts";
import { toFailure } from "./port.ts";
import type { Pragmas } from "./settings.ts";
import { type Attempt, failed, type Step, type Writer } from "./transaction.ts";
import { WRITER_PROGRAM } from "./writer-program.ts";

export class WriterThread implements Writer {
  readonly isBlocking = false;
  readonly #data: object;
  #worker: Worker | null = null;
  #waiting: { answer: (text: string | null) => void; fail: (reason: unknown) => void } | null = null;

  /** `pragmas` set up its connection; `sql` has the statements that steps name. */
  constructor({ path, files, identity, exchanged }: OpenFile, pragmas: Pragmas, sql: Readonly<Record<string, string>>) {
    this.#data = { path, files, identity, exchanged, pragmas, sql };
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
