// The changes since a list of sessions was loaded.

import { useState } from "preact/hooks";
import type { Activity } from "../../../src/console/api.ts";
import { useLive } from "../lib/live.ts";

export interface Changes {
  /** Number of sessions that began. */
  readonly began: number;
  /** The sids of sessions that ended. */
  readonly ended: ReadonlySet<string>;
  readonly clear: () => void;
}

const NONE = { began: 0, ended: new Set<string>() };

export function useChanges(onActivity: (activity: readonly Activity[]) => void = () => {}): Changes {
  const [changes, setChanges] = useState<{ began: number; ended: ReadonlySet<string> }>(NONE);
  useLive(({ activity = [] }) => {
    if (activity.length === 0) return;
    const began = activity.filter(({ kind }) => kind === "signedIn").length;
    const ended = activity.filter(({ kind }) => kind !== "signedIn" && kind !== "rotated").map(({ sid }) => sid);
    setChanges((before) => ({ began: before.began + began, ended: new Set([...before.ended, ...ended]) }));
    onActivity(activity);
  });
  return { ...changes, clear: () => setChanges(NONE) };
}
