// The figures of one interval, computed from the counters at its beginning and at its end.

import { BUCKETS } from "../../http/metrics/families.ts";
import type { Histogram, MetricsSnapshot } from "../../http/metrics/metrics.ts";
import { CAUSES, type Cause, type Figures } from "../api.ts";

/** The state at the end of an interval. */
export interface Moment {
  readonly at: number;
  readonly live: number | null;
  readonly hits: number;
  readonly misses: number;
  readonly isStoreUp: boolean;
  readonly counted: MetricsSnapshot;
}

/** Calls that a request waits for. */
const OPERATIONS = ["load", "create", "commit", "delete"] as const;

export function figuresOf(from: Moment, to: Moment): Figures {
  const counts = latencies(to.counted).map((count, index) => count - (latencies(from.counted)[index] ?? 0));
  const grown = (read: (snapshot: MetricsSnapshot) => number): number => read(to.counted) - read(from.counted);
  const ended = CAUSES.map((cause) => [cause, grown((each) => endedBy(each, cause))]);
  return {
    at: to.at,
    live: to.live,
    signIns: grown(({ counters }) => counters.sessile_security_events_total?.["signedIn"] ?? 0),
    ended: Object.fromEntries(ended) as Record<Cause, number>,
    p50: quantile(counts, 0.5),
    p99: quantile(counts, 0.99),
    hits: to.hits - from.hits,
    misses: to.misses - from.misses,
    errors: grown(failures),
    isStoreUp: to.isStoreUp,
  };
}

function endedBy({ counters }: MetricsSnapshot, cause: Cause): number {
  return counters.sessile_sessions_ended_total?.[cause] ?? 0;
}

/** Number of answers that were the server's fault. */
function failures({ counters }: MetricsSnapshot): number {
  const answers = Object.entries(counters.sessile_http_requests_total ?? {});
  return answers.reduce((sum, [status, count]) => sum + (status.startsWith("5") ? count : 0), 0);
}

/** Number of calls in each bucket. */
function latencies({ histograms }: MetricsSnapshot): number[] {
  const timed = OPERATIONS.map((name) => histograms.sessile_store_duration_seconds?.[name]);
  const present = timed.filter((each): each is Histogram => each !== undefined);
  return Array.from({ length: BUCKETS.length + 1 }, (_, index) =>
    present.reduce((sum, { counts }) => sum + (counts[index] ?? 0), 0),
  );
}

/**
 * Milliseconds within which `share` of the calls were answered, as if they were spread evenly over their bucket; `null`
 * without calls. A call beyond the last bound counts as that bound.
 */
export function quantile(counts: readonly number[], share: number): number | null {
  const wanted = counts.reduce((sum, count) => sum + count, 0) * share;
  if (wanted === 0) return null;
  let below = 0;
  for (const [index, count] of counts.entries()) {
    const [lower, upper] = [BUCKETS[index - 1] ?? 0, BUCKETS[index]];
    if (upper === undefined) return lower * 1000;
    if (below + count >= wanted) return (lower + ((upper - lower) * (wanted - below)) / count) * 1000;
    below += count;
  }
  return null;
}
