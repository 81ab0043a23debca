// Rates by the minute, which people read, from figures by the interval.

import { CAUSES, type Cause, type Figures } from "../../../src/console/api.ts";

export const CAUSE_NAMES: Readonly<Record<Cause, string>> = {
  signedOut: "Signed out",
  expired: "Expired",
  revoked: "Ended by an administrator or the user",
  limit: "Too many sessions of one user",
  reuse: "Stolen: an old token was used",
  failed: "Could not be read",
};

export const endedIn = ({ ended }: Figures): number => CAUSES.reduce((sum, cause) => sum + ended[cause], 0);

/** Sums of `read` over the minute that ends with each interval. */
export function perMinute(history: readonly Figures[], interval: number, read: (figures: Figures) => number): number[] {
  const width = Math.round(60_000 / interval);
  let sum = 0;
  return history.map((figures, index) => {
    const leaving = history[index - width];
    sum += read(figures) - (leaving === undefined ? 0 : read(leaving));
    return sum;
  });
}

/**
 * The share of loads that a copy answered within the minute before each interval's end; `null` where nothing was
 * loaded.
 */
export function hitRates(history: readonly Figures[], interval: number): (number | null)[] {
  const hits = perMinute(history, interval, (each) => each.hits);
  const misses = perMinute(history, interval, (each) => each.misses);
  return hits.map((hit, index) => {
    const all = hit + (misses[index] ?? 0);
    return all === 0 ? null : hit / all;
  });
}

export function endedByCause(history: readonly Figures[]): readonly (readonly [Cause, number])[] {
  return CAUSES.map((cause) => [cause, history.reduce((sum, { ended }) => sum + ended[cause], 0)] as const);
}

/** `0.42 ms`, `12 ms`, `1.2 s` */
export function latency(ms: number): string {
  if (ms >= 1000) return `${(ms / 1000).toFixed(1)} s`;
  return `${ms < 1 ? ms.toFixed(2) : ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
}

export const percent = (share: number): string => `${Math.round(share * 100)} %`;
