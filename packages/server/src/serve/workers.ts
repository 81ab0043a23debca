// Several processes that serve one port: starts them, replaces one that ended, and stops all of them in order. Serves nothing itself.

import cluster, { type Worker } from "node:cluster";
import { once } from "node:events";
import { setTimeout as wait } from "node:timers/promises";
import type { Logger } from "pino";
import type { Config } from "../config/config.ts";
import { UsageError } from "../config/usage-error.ts";
import { createLog } from "../http/log/log.ts";
import { textOf } from "../http/metrics/exposition.ts";
import { CrewFigures } from "./crew-figures.ts";
import type { FromWorker } from "./crew-messages.ts";
import { listenForMetrics } from "./metrics-listener.ts";

/** Between the end of a worker and the start of the next in its place: twice as long each time, in milliseconds. */
const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 10_000;
/** Who served this long did not end because of how it was started. */
const PROVEN = 60_000;
/** A signal that a terminal sent to all of the processes comes twice. */
const SAME_SIGNAL = 500;

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
  const figures = new CrewFigures();
  const text = async (): Promise<string> => textOf(await figures.everyone("all"));
  const metrics = config.metrics && (await listenForMetrics(config.metrics, text));
  const show = (banner: string): void => write(bannerOfAll(banner, config.workers, metrics?.url));
  try {
    return await serve(new Crew(createLog(config.logLevel), figures), config.workers, show);
  } finally {
    figures.stop();
    await metrics?.close(); // last, so that the last figures can be read
  }
}

async function serve(crew: Crew, workers: number, show: (banner: string) => void): Promise<number> {
  // The first alone, so that what is wrong is said once.
  const first = await crew.start(0);
  if (typeof first === "number") return first;
  const rest = Array.from({ length: workers - 1 }, (_, i) => crew.start(i + 1));
  await Promise.all(rest);
  show(first);
  return crew.untilStopped();
}

function bannerOfAll(banner: string, workers: number, metrics: string | undefined): string {
  const more = `  workers     ${workers}${metrics === undefined ? "" : `\n  metrics     ${metrics}`}`;
  return banner.replace(/^ {2}sign-in .*$/m, (line) => `${line}\n${more}`);
}

class Crew {
  readonly #log: Logger;
  readonly #figures: CrewFigures;
  readonly #workers = new Map<number, Worker>();
  #stoppingSince: number | null = null;
  #code = 0;
  #end: (code: number) => void = () => {};
  readonly #ended = new Promise<number>((resolve) => {
    this.#end = resolve;
  });

  constructor(log: Logger, figures: CrewFigures) {
    this.#log = log;
    this.#figures = figures;
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => this.#stop());
  }

  untilStopped(): Promise<number> {
    return this.#ended;
  }

  /** Resolves with the banner once the worker serves, or with its exit code. */
  async start(place: number, pause = FIRST_PAUSE): Promise<string | number> {
    const worker = cluster.fork();
    this.#workers.set(place, worker);
    this.#figures.add(worker);
    const startedAt = performance.now();
    const ended = once(worker, "exit").then(([code, signal]) => (code as number | null) ?? (signal as string));
    const serving = new Promise<{ banner: string }>((resolve) => {
      worker.on("message", (message: FromWorker) => message.kind === "serving" && resolve(message));
    });
    const begun = await Promise.race([serving, ended]);
    if (typeof begun !== "object") {
      this.#workers.delete(place);
      return this.#failed(place, begun, pause);
    }
    void ended.then((code) => this.#over(place, code, performance.now() - startedAt, pause));
    return begun.banner;
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
