// Several processes that serve one port: starts them, replaces one that ended, and stops all of them in order. Serves nothing itself.

import cluster, { type Worker } from "node:cluster";
import { once } from "node:events";
import { setTimeout as wait } from "node:timers/promises";
import type { Logger } from "pino";
import type { Config } from "../config/config.ts";
import { UsageError } from "../config/usage-error.ts";
import { createLog } from "../log/log.ts";

/** Between the end of a worker and the start of the next in its place: twice as long each time, in milliseconds. */
const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 10_000;
/** Who served this long did not end because of how it was started. */
const PROVEN = 60_000;
/** A signal that a terminal sent to all of the processes comes twice. */
const SAME_SIGNAL = 500;

/** Tells a worker which one it is, from 0: so the next in its place has the same number. */
const PLACE = "SESSILE_WORKER";

/** Which worker this process is. */
export function workerPlace(): number {
  return Number(process.env[PLACE] ?? 0);
}

/** How a worker tells that it serves: with the banner, of which one is shown. */
export function announce(text: string): void {
  process.send?.(text);
}

/** The sessions of the memory store are in one process. */
export function checkWorkers({ workers, store }: Pick<Config, "workers" | "store">): void {
  if (workers === 1 || store !== "memory") return;
  throw new UsageError(
    `--workers ${workers} needs a store that processes can share: with --store memory each of them would know only the sessions that began in it. Use sqlite:PATH or redis://HOST:PORT/DB.`,
  );
}

/** Serves until a signal comes; the exit code. `write` shows the banner once all of them serve. */
export async function runWorkers(config: Config, write: (text: string) => void): Promise<number> {
  checkWorkers(config);
  const crew = new Crew(createLog(config.logLevel));
  // The first alone, so that what is wrong is said once.
  const first = await crew.start(0);
  if (typeof first === "number") return first;
  const rest = Array.from({ length: config.workers - 1 }, (_, i) => crew.start(i + 1));
  await Promise.all(rest);
  write(first.replace(/^( {2}sign-in .*)$/m, `$1\n  workers     ${config.workers}`));
  return crew.untilStopped();
}

class Crew {
  readonly #log: Logger;
  readonly #workers = new Map<number, Worker>();
  #stoppingSince: number | null = null;
  #code = 0;
  #end: (code: number) => void = () => {};
  readonly #ended = new Promise<number>((resolve) => {
    this.#end = resolve;
  });

  constructor(log: Logger) {
    this.#log = log;
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => this.#stop());
  }

  untilStopped(): Promise<number> {
    return this.#ended;
  }

  /** Resolves with the banner once the worker serves, or with its exit code. */
  async start(place: number, pause = FIRST_PAUSE): Promise<string | number> {
    const worker = cluster.fork({ [PLACE]: String(place) });
    this.#workers.set(place, worker);
    const startedAt = performance.now();
    const ended = once(worker, "exit").then(([code, signal]) => (code as number | null) ?? (signal as string));
    const banner = await Promise.race([once(worker, "message").then(([text]) => ({ text: String(text) })), ended]);
    if (typeof banner !== "object") {
      this.#workers.delete(place);
      return this.#failed(place, banner, pause);
    }
    void ended.then((code) => this.#over(place, code, performance.now() - startedAt, pause));
    return banner.text;
  }

  /** The very first is not replaced: whoever started the server is told. */
  async #failed(place: number, code: number | string, pause: number): Promise<number> {
    if (place === 0 && pause === FIRST_PAUSE && this.#workers.size === 0) return typeof code === "number" ? code : 1;
    // One that is stopped before it serves has nothing to finish.
    this.#over(place, this.#stoppingSince === null ? code : 0, 0, pause);
    return 1;
  }

  #over(place: number, code: number | string, lived: number, pause: number): void {
    this.#workers.delete(place);
    if (this.#stoppingSince !== null) {
      if (code !== 0) this.#code = 1;
      if (this.#workers.size === 0) this.#end(this.#code);
      return;
    }
    const next = lived > PROVEN ? FIRST_PAUSE : pause;
    this.#log.error({ worker: place, code, pause: next }, "a worker ended, and another one takes its place");
    void this.#replace(place, next);
  }

  async #replace(place: number, pause: number): Promise<void> {
    await wait(pause);
    if (this.#stoppingSince === null) await this.start(place, Math.min(pause * 2, LONGEST_PAUSE));
    else if (this.#workers.size === 0) this.#end(this.#code);
  }

  /** Each finishes the requests that it has begun. A later signal ends them all at once. */
  #stop(): void {
    const isFirst = this.#stoppingSince === null;
    if (!isFirst && performance.now() - (this.#stoppingSince ?? 0) <= SAME_SIGNAL) return;
    this.#stoppingSince ??= performance.now();
    for (const worker of this.#workers.values()) worker.process.kill(isFirst ? "SIGTERM" : "SIGKILL");
    if (this.#workers.size === 0) this.#end(isFirst ? this.#code : 1);
  }
}
