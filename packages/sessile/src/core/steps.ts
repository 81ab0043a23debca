// The steps of one request that wait for the store. They run in turn, also when the handler awaits none of them.

import { SessionError } from "./errors.ts";

export class Steps {
  readonly #hasLeft: () => boolean;
  readonly #warn: (message: string, error: unknown) => void;
  #last: Promise<unknown> | null = null;
  readonly #failures: { readonly error: unknown; readonly isHandled: () => boolean }[] = [];

  /** `hasLeft` says whether the response has left; `warn` reports what is refused from then on. */
  constructor(hasLeft: () => boolean, warn: (message: string, error: unknown) => void) {
    this.#hasLeft = hasLeft;
    this.#warn = warn;
  }

  /**
   * Runs a step that the handler asks for. When the handler does not await it, the response does, and answers its
   * failure.
   */
  run<T>(what: string, step: () => Promise<T>): Promise<T> {
    let isAwaited = false;
    const done = this.#hasLeft()
      ? this.#refuse(what, () => isAwaited)
      : this.inTurn(() => this.#note(step, () => isAwaited));
    return noteAwait(done, () => {
      isAwaited = true;
    });
  }

  /** Runs `step` after all steps before it. */
  inTurn<T>(step: () => Promise<T>): Promise<T> {
    const done = this.#last === null ? step() : this.#last.then(step);
    this.#last = done.catch(() => {});
    return done;
  }

  /** Resolves when all steps so far have ended, well or not. */
  async settled(): Promise<void> {
    await this.#last;
  }

  /** Throws the first failure that the handler did not deal with: it did not await the step, or had answered before. */
  throwUnhandled(): void {
    const failure = this.#failures.find(({ isHandled }) => !isHandled());
    if (failure !== undefined) throw failure.error;
  }

  async #note<T>(step: () => Promise<T>, isAwaited: () => boolean): Promise<T> {
    try {
      return await step();
    } catch (error) {
      const wasAnswered = this.#hasLeft();
      this.#failures.push({ error, isHandled: () => isAwaited() && !wasAnswered });
      throw error;
    }
  }

  /** Rejects. No answer can report a step that comes too late, so it warns when the handler does not await it. */
  async #refuse(what: string, isAwaited: () => boolean): Promise<never> {
    const error = tooLate(what);
    setTimeout(() => {
      if (!isAwaited()) this.#warn("A session was used after its response had left:", error);
    });
    throw error;
  }
}

export function tooLate(what: string): SessionError {
  const message = `It is too late to ${what}: the response has left. Do it before answering.`;
  return new SessionError("ERR_SESSION_STATE", message);
}

/**
 * Calls `onAwait` as soon as anything awaits `promise`, which it returns. Until then a rejection harms no program: Node
 * would end it otherwise.
 */
export function noteAwait<T>(promise: Promise<T>, onAwait: () => void): Promise<T> {
  promise.catch(() => {});
  const { then } = promise;
  const noting = (...reactions: Parameters<typeof then>): unknown => {
    onAwait();
    return then.apply(promise, reactions);
  };
  // `await` calls a promise's own `then` only where its `constructor` is not `Promise`.
  // biome-ignore lint/suspicious/noThenProperty: it already is a promise
  return Object.defineProperties(promise, { constructor: { value: undefined }, then: { value: noting } });
}
