// A promise that reports whether anything waits for it.

/**
 * Calls `onAwait` as soon as anything waits for `promise`, which it returns. While nothing does, a rejection harms no program: Node would
 * end it otherwise.
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
