// Figures that are read on request: number of sessions, health of the store, resources of the process.

import { type IntervalHistogram, monitorEventLoopDelay } from "node:perf_hooks";
import type { StoreStats } from "sessile/store";
import { type Gauge, label } from "./prometheus-text.ts";

const CIRCUIT_STATES = ["closed", "halfOpen", "open"] as const;

/** The figures that this store has. */
export function storeGauges({ kind, sessions, circuit, cache }: StoreStats): Gauge[] {
  const store = label("store", kind);
  return [
    ...(sessions === null ? [] : [gauge("sessile_sessions", SESSIONS_HELP, [[store, sessions]])]),
    ...(circuit === undefined
      ? []
      : [
          gauge(
            "sessile_store_circuit",
            "1 for the state of the store's circuit breaker, 0 for the others.",
            CIRCUIT_STATES.map((state) => [label("state", state), Number(circuit.state === state)]),
          ),
          counter("sessile_store_circuit_opened_total", "How often the circuit breaker opened.", circuit.opened),
        ]),
    ...(cache === undefined
      ? []
      : [
          counter("sessile_cache_hits_total", "Loads answered from a copy.", cache.hits),
          counter("sessile_cache_misses_total", "Loads that the store was asked for.", cache.misses),
          counter("sessile_cache_invalidations_total", "Copies of sessions changed elsewhere.", cache.invalidations),
          counter("sessile_cache_evictions_total", "Copies that went for lack of room.", cache.evictions),
          counter("sessile_cache_resets_total", "How often all copies went.", cache.resets),
          gauge("sessile_cache_entries", "Copies that are kept.", [["", cache.entries]]),
          gauge("sessile_cache_bytes", "About what the copies take.", [["", cache.bytes]]),
          gauge("sessile_cache_coherent", "0 while copies are not used.", [["", Number(cache.isCoherent)]]),
        ]),
  ];
}

/** Whether the store answers. */
export function upGauge(isUp: boolean): Gauge {
  return gauge("sessile_store_up", "0 while the store does not answer within a second.", [["", Number(isUp)]]);
}

const SESSIONS_HELP =
  "Sessions in the store; expired ones count until they are swept, at most a minute. Estimated where Redis holds many keys.";

const LAG_HELP = "Longest wait of the event loop since the last scrape.";

/** The figures of the process, under the names that Prometheus' dashboards use. */
export class ProcessGauges {
  readonly #delay: IntervalHistogram = monitorEventLoopDelay({ resolution: 20 });

  constructor() {
    this.#delay.enable();
  }

  /** The delay covers the time since the last call. */
  read(): Gauge[] {
    const { user, system } = process.cpuUsage();
    const delay = Number.isFinite(this.#delay.max) ? this.#delay.max / 1e9 : 0;
    this.#delay.reset();
    return [
      counter("process_cpu_seconds_total", "Processor time used.", (user + system) / 1e6),
      gauge("process_resident_memory_bytes", "Memory in use.", [["", process.memoryUsage.rss()]]),
      gauge("process_start_time_seconds", "When the process began.", [["", performance.timeOrigin / 1000]]),
      gauge("nodejs_eventloop_lag_max_seconds", LAG_HELP, [["", delay]]),
    ];
  }

  stop(): void {
    this.#delay.disable();
  }
}

function gauge(name: string, help: string, values: Gauge["values"]): Gauge {
  return { name, type: "gauge", help, values };
}

function counter(name: string, help: string, value: number): Gauge {
  return { name, type: "counter", help, values: [["", value]] };
}
