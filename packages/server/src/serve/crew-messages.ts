// What a worker and the process that started it say to each other. Opens no channel.

import type { ProcessFigures, Wanted } from "../http/metrics/process-figures.ts";

export type FromWorker =
  /** It serves; the text is the banner. */
  | { readonly kind: "serving"; readonly banner: string }
  | { readonly kind: "figures"; readonly what: Wanted; readonly figures: ProcessFigures }
  | { readonly kind: "everyone?"; readonly what: Wanted };

export type ToWorker =
  | { readonly kind: "figures?"; readonly what: Wanted }
  | { readonly kind: "everyone"; readonly what: Wanted; readonly figures: ProcessFigures };

/** Questions that are under way. Whoever asks the same meanwhile waits for the same answer. */
export class Questions<Answer> {
  readonly #open = new Map<Wanted, { readonly answer: Promise<Answer>; readonly resolve: (answer: Answer) => void }>();

  /** Calls `send` unless the same was asked already. */
  ask(what: Wanted, send: () => void): Promise<Answer> {
    const open = this.#open.get(what);
    if (open !== undefined) return open.answer;
    const { promise: answer, resolve } = promiseWithResolve<Answer>();
    this.#open.set(what, { answer, resolve });
    send();
    return answer;
  }

  answer(what: Wanted, answer: Answer): void {
    this.#open.get(what)?.resolve(answer);
    this.#open.delete(what);
  }
}

function promiseWithResolve<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
