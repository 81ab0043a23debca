// The figures of all workers together, kept by the process that started them. Shows nothing.

import type { Worker } from "node:cluster";
import { setTimeout as wait } from "node:timers/promises";
import type { Everyone } from "../http/metrics/exposition.ts";
import { NO_FIGURES, type ProcessFigures, sumFigures, type Wanted } from "../http/metrics/process-figures.ts";
import { type FromWorker, Questions, type ToWorker } from "./crew-messages.ts";

/** A worker that does not answer for so long is shown as it was last. */
const PATIENCE = 2000;
/** What was only counted may be as old as this, so that workers who all want to know do not ask each other all the time. */
const GOOD_FOR = 1000;
/** Of a worker that is killed, what it counted since is lost. */
const LOOK_AGAIN = 5000;

interface Member {
  readonly worker: Worker;
  readonly questions: Questions<void>;
  /** Whoever spoke listens. */
  hasSpoken: boolean;
  figures: ProcessFigures;
}

export class CrewFigures {
  readonly #members = new Set<Member>();
  readonly #questions = new Questions<ProcessFigures>();
  #ended = NO_FIGURES;
  #countedAt = Number.NEGATIVE_INFINITY;
  readonly #timer = setInterval(() => void this.everyone("counted"), LOOK_AGAIN).unref();

  /** From now on this worker's figures are among them, also after its end. */
  add(worker: Worker): void {
    const member: Member = { worker, questions: new Questions(), hasSpoken: false, figures: NO_FIGURES };
    this.#members.add(member);
    worker.on("message", (message: FromWorker) => this.#hear(member, message));
    worker.once("exit", () => this.#leave(member));
  }

  readonly everyone: Everyone = (what) => {
    if (what === "counted" && performance.now() - this.#countedAt < GOOD_FOR) return Promise.resolve(this.#sum());
    return this.#questions.ask(what, () => void this.#collect(what));
  };

  stop(): void {
    clearInterval(this.#timer);
  }

  async #collect(what: Wanted): Promise<void> {
    this.#countedAt = performance.now();
    const timer = new AbortController();
    const outOfPatience = wait(PATIENCE, undefined, { signal: timer.signal }).catch(() => {});
    const listening = [...this.#members].filter(({ hasSpoken }) => hasSpoken);
    const answers = listening.map(({ questions, worker }) =>
      questions.ask(what, () => send(worker, { kind: "figures?", what })),
    );
    await Promise.race([Promise.all(answers), outOfPatience]);
    timer.abort();
    this.#questions.answer(what, this.#sum());
  }

  #hear(member: Member, message: FromWorker): void {
    member.hasSpoken = true;
    if (message.kind === "figures") {
      member.figures = newer(member.figures, message.figures, message.what);
      member.questions.answer(message.what);
    } else if (message.kind === "everyone?") {
      const { what } = message;
      void this.everyone(what).then((figures) => send(member.worker, { kind: "everyone", what, figures }));
    }
  }

  #leave(member: Member): void {
    this.#members.delete(member);
    this.#ended = sumFigures([], [this.#ended, member.figures]);
    for (const what of ["counted", "all"] as const) member.questions.answer(what);
  }

  #sum(): ProcessFigures {
    const running = [...this.#members].map(({ figures }) => figures);
    return sumFigures(running, [this.#ended]);
  }
}

/** A counter that the store did not tell this time stays as it was. */
function newer(before: ProcessFigures, now: ProcessFigures, what: Wanted): ProcessFigures {
  if (what === "counted") return { counted: now.counted, gauges: before.gauges };
  const names = new Set(now.gauges.map(({ name }) => name));
  const untold = before.gauges.filter(({ name, type }) => type === "counter" && !names.has(name));
  return { counted: now.counted, gauges: [...now.gauges, ...untold] };
}

/** One that cannot be told ends at this moment. */
function send(worker: Worker, message: ToWorker): void {
  if (worker.isConnected()) worker.send(message, () => {});
}
