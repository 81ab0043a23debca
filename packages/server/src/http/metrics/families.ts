// The closed list of counters and histograms: names, meaning and labels, as Prometheus shows them.

export interface Family {
  readonly type: "counter" | "histogram";
  readonly help: string;
  /** The only label; its values come from closed lists of this program, never from a client. */
  readonly label?: string;
}

export const FAMILIES = {
  sessile_sessions_created_total: { type: "counter", help: "Sessions that began." },
  sessile_sessions_ended_total: {
    type: "counter",
    label: "cause",
    help: "Sessions that ended, by cause. What Redis expires by itself is not among them.",
  },
  sessile_sessions_rotated_total: { type: "counter", help: "Sessions that were given a new token." },
  sessile_security_events_total: { type: "counter", label: "event", help: "Security events, as the log names them." },
  sessile_store_duration_seconds: {
    type: "histogram",
    label: "operation",
    help: "Time a call of the store took, failed ones included.",
  },
  sessile_store_failures_total: { type: "counter", label: "operation", help: "Calls of the store that failed." },
  sessile_store_conflicts_total: {
    type: "counter",
    help: "Commits that were done again because another request had changed the session.",
  },
  sessile_store_gone_total: {
    type: "counter",
    help: "Commits that were dropped because the session had ended meanwhile.",
  },
  sessile_http_requests_total: { type: "counter", label: "status", help: "Answers, by status." },
  sessile_http_duration_seconds: {
    type: "histogram",
    label: "route",
    help: "Time from the arrival of a request to its answer.",
  },
} as const satisfies Record<string, Family>;

export type FamilyName = keyof typeof FAMILIES;

type OfType<Type extends Family["type"]> = {
  [Name in FamilyName]: (typeof FAMILIES)[Name] extends { type: Type } ? Name : never;
}[FamilyName];

export type CounterName = OfType<"counter">;
export type HistogramName = OfType<"histogram">;

/** Upper bounds in seconds, from a copy in this process to a store that is about to be given up. */
export const BUCKETS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];
