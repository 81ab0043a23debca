// What a cache needs to know of changes: the contract between the cached store and whoever tells it. Knows neither.

/** Is told of changes. */
export interface ChangeListener {
  /** The record of this session was written or deleted, here or elsewhere. */
  changed(sid: string): void;
  /** Anything may have changed. */
  reset(): void;
}

/** Hears of changes, in the order in which they happened to one session. */
export interface ChangeSource {
  /** Tells `listener` from now on, until `close`. Called once. */
  start(listener: ChangeListener): void;
  /**
   * True while every change that was acknowledged to anybody longer ago than the stated bound has been told. When it turns
   * false, a change may have been missed only if `reset` follows before it is true again.
   */
  isCurrent(): boolean;
  /** Why it was not true the last time, for people; `null` since it has been. */
  readonly problem: string | null;
  close(): void;
}
