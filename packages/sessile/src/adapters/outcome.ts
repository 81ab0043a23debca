// The outcome of a handler, and the settling of a session whose response is not made by the adapter.

import type { OpenSession } from "../core/manager.ts";
import type { SessionResponse } from "../core/transport.ts";

export type Outcome<T> = readonly [value: T, isThrown: false] | readonly [error: unknown, isThrown: true];

export async function outcomeOf<T>(handler: () => T): Promise<Outcome<Awaited<T>>> {
  try {
    return [await handler(), false];
  } catch (error) {
    return [error, true];
  }
}

/** Drops the headers of a session, for want of a response that could carry them. */
export const NO_RESPONSE: SessionResponse = { get: () => undefined, set() {}, append() {} };

/**
 * Settles a session whose response carries none of its headers. Below 500 the changes and the activity are written. A
 * new token could not be issued, so none is made, and a session that the request began is removed.
 */
export async function settleWithoutHeaders<Data extends object>(
  { session, commit }: OpenSession<Data>,
  status: number,
): Promise<void> {
  if (status < 500) await session.commit();
  await commit(500, NO_RESPONSE);
}
