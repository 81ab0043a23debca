// A store whose calls a test can stop.

import type { SessionStore } from "../core/store.ts";
import { type Gate, type GateWithEntrance, newGate } from "./gate.ts";
import { intercept, type StoreMethod } from "./intercepted-store.ts";

export interface Pausing {
  /**
   * Stops the calls of `method` before they reach the store, until the gate is opened:
   *
   * ```ts
   * const gate = store.pause("commit");
   * const response = fetch(url);
   * await gate.reached;
   * gate.open();
   * ```
   */
  readonly pause: (method: StoreMethod) => Gate;
  /** Opens every gate. */
  readonly openAll: () => void;
}

/** `store` with gates. */
export function pausingStore(store: SessionStore): SessionStore & Pausing {
  const gates = new Map<StoreMethod, GateWithEntrance>();
  const all: Gate[] = [];
  return intercept(store, (method) => gates.get(method)?.enter(), {
    pause(method: StoreMethod): Gate {
      const gate = newGate();
      gates.set(method, gate);
      all.push(gate);
      return gate;
    },
    openAll() {
      for (const gate of all) gate.open();
    },
  });
}
