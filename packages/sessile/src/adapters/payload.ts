// Bodies that a handler returns, recognized by shape: platforms replace the global classes, and `instanceof` then
// refuses the results of `fetch`.

interface Streams {
  readonly pipe: unknown;
  readonly getReader: unknown;
  destroy(): void;
  cancel(): Promise<void>;
}

/** Whether `value` is a `Response` of any platform. */
export function isResponse(value: unknown): value is Response {
  return typeof value === "object" && Object.prototype.toString.call(value) === "[object Response]";
}

/**
 * Frees what would have been streamed. Whatever is no stream stays untouched, also when it has a `destroy` of its own.
 */
export function discard(payload: unknown): void {
  const stream = (payload ?? {}) as Partial<Streams>;
  if (typeof stream.pipe === "function") stream.destroy?.();
  else if (typeof stream.getReader === "function") stream.cancel?.().catch(() => {});
}
