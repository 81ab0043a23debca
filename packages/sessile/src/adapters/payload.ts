// Bodies that a handler returns, recognized by shape: platforms replace the global classes, and then `instanceof` is
// false for the results of `fetch`.

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

/** Frees a stream that will not be sent. Leaves all other values alone, even if they have a `destroy` of their own. */
export function discard(payload: unknown): void {
  const stream = (payload ?? {}) as Partial<Streams>;
  if (typeof stream.pipe === "function") stream.destroy?.();
  else if (typeof stream.getReader === "function") stream.cancel?.().catch(() => {});
}
