// A store wrapper that times, counts and traces the calls without changing them.

import { SpanKind, SpanStatusCode, type Tracer, trace } from "@opentelemetry/api";
import { isSessionError } from "sessile";
import type { SessionStore } from "sessile/store";
import type { Metrics } from "./metrics.ts";

/** Calls that requests wait for or leave behind, and walks through many sessions. */
const OPERATIONS: ReadonlySet<PropertyKey> = new Set([
  "create",
  "load",
  "commit",
  "touch",
  "delete",
  "list",
  "deleteByUser",
  "deleteExpired",
] satisfies (keyof SessionStore)[]);

type Call = (...args: unknown[]) => Promise<unknown>;

/**
 * Put it around the outermost store. Reads that a copy answers are no calls of the store; `hits` of the cache's figures
 * counts them.
 */
export function measuredStore(store: SessionStore, metrics: Metrics): SessionStore {
  const tracer = trace.getTracer("sessile");
  const methods = new Map<PropertyKey, unknown>();
  return new Proxy(store, {
    get(target, name) {
      if (!methods.has(name)) methods.set(name, methodOf(target, name, { metrics, tracer }));
      return methods.get(name);
    },
  });
}

interface Meters {
  readonly metrics: Metrics;
  readonly tracer: Tracer;
}

function methodOf(store: SessionStore, name: PropertyKey, meters: Meters): unknown {
  const value = Reflect.get(store, name) as unknown;
  if (typeof value !== "function") return value;
  if (!OPERATIONS.has(name)) return value.bind(store) as unknown;
  return measured(String(name), value.bind(store) as Call, meters);
}

/** A span has the operation and its outcome: no sid, no user, no data (N1). */
function measured(operation: string, call: Call, { metrics, tracer }: Meters): Call {
  const options = { kind: SpanKind.CLIENT, attributes: { "sessile.operation": operation } };
  return (...args) =>
    tracer.startActiveSpan(`sessile ${operation}`, options, async (span) => {
      const start = performance.now();
      try {
        const answer = await call(...args);
        const status = statusOf(answer);
        if (status === "conflict") metrics.count("sessile_store_conflicts_total");
        if (status === "gone") metrics.count("sessile_store_gone_total");
        if (status !== null) span.setAttribute("sessile.status", status);
        return answer;
      } catch (error) {
        if (isFailure(error)) {
          metrics.count("sessile_store_failures_total", operation);
          span.setStatus({ code: SpanStatusCode.ERROR });
        }
        throw error;
      } finally {
        metrics.observe("sessile_store_duration_seconds", operation, (performance.now() - start) / 1000);
        span.end();
      }
    });
}

/** The status in the answers of `create` and `commit`. */
function statusOf(answer: unknown): string | null {
  if (typeof answer !== "object" || answer === null || !("status" in answer)) return null;
  return String(answer.status);
}

/** A bad cursor is a mistake of the caller, not of the store. */
function isFailure(error: unknown): boolean {
  return !isSessionError(error) || error.statusCode >= 500;
}
