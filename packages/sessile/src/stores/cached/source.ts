// What a cache needs to know of changes: the contract between the cached store and what reports them.

/** Takes reports of changes. */
export interface ChangeListener {
  /** The record of this session was written or deleted, here or elsewhere. */
  changed(sid: string): void;
  /** Anything may have changed. */
  reset(): void;
}

/** Reports changes, in the order in which they happened to one session. */
export interface ChangeSource {
  /** Reports to `listener` from now on, until `close`. Called once. */
  start(listener: ChangeListener): void;
  /**
   * True while every change that was acknowledged longer ago than the stated bound has been reported. When it turns
   * false, a change may have been missed only if `reset` follows before it is true again.
   */
  isCurrent(): boolean;
  /** Why it was not true the last time, for people; `null` since it has been. */
  readonly problem: string | null;
  close(): void;
}
