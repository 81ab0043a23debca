// What a worker says to the process that started it, and hears from it.

import type { Everyone } from "../http/metrics/exposition.ts";
import type { ProcessFigures } from "../http/metrics/process-figures.ts";
import { type FromWorker, Questions, type ToWorker } from "./crew-messages.ts";

/** Tells that this process serves: with the banner, of which one is shown. */
export function announce(banner: string): void {
  send({ kind: "serving", banner });
}

/** Answers with this process's own figures when asked for them, and finds out those of all workers together. */
export function joinCrew(own: Everyone): Everyone {
  const questions = new Questions<ProcessFigures>();
  process.on("message", (message: ToWorker) => {
    const { kind, what } = message;
    if (kind === "everyone") questions.answer(what, message.figures);
    else void own(what).then((figures) => send({ kind: "figures", what, figures }));
  });
  return (what) => questions.ask(what, () => send({ kind: "everyone?", what }));
}

/** Where nobody hears it any more, this process is about to end. */
function send(message: FromWorker): void {
  if (process.connected) process.send?.(message, undefined, undefined, () => {});
}
