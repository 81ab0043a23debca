// Which request the program is working for, so that an event deep inside can be logged with it. Knows no route.

import { AsyncLocalStorage } from "node:async_hooks";

export interface RequestContext {
  readonly reqId: string;
  /** The client's network, when the log may hold it. */
  readonly network: string | null;
  /** Who asks, such as `user:1`; `null` until somebody says so. */
  actor: string | null;
}

const storage = new AsyncLocalStorage<RequestContext>();

/** Runs `work`, and all that it starts, for this request. */
export function runForRequest(context: RequestContext, work: () => void): void {
  storage.run(context, work);
}

/** The request that the caller works for; `undefined` for what the server does by itself. */
export function currentRequest(): RequestContext | undefined {
  return storage.getStore();
}

/** Says who asks, for the events that follow. */
export function actAs(actor: string): void {
  const context = storage.getStore();
  if (context !== undefined) context.actor = actor;
}
