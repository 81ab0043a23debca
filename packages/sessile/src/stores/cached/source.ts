// The contract between a cached store and a source of reports about changes.

/** The receiver of reports. */
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
   * True while every change that was acknowledged longer ago than the stated bound has been reported. After it turns
   * false, `reset` comes before it is true again, unless no change was missed.
   */
  isCurrent(): boolean;
  /** Why it was not true the last time, for people; `null` since it has been. */
  readonly problem: string | null;
  close(): void;
}
