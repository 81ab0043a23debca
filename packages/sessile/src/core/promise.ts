// Tells what somebody has to wait for from what is there.

/** By its `then`: promises of other realms, as under Jest, of libraries, and where a program replaced `Promise`, are no `instanceof Promise`. */
export function isPromise<T extends object | null>(value: T | Promise<T>): value is Promise<T> {
  return typeof (value as Partial<Promise<T>> | null)?.then === "function";
}
