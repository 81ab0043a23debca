// The request that the program works for, so that an event deep inside is logged with it.

import { AsyncLocalStorage } from "node:async_hooks";

export interface RequestContext {
  readonly reqId: string;
  /** The client's network, if the log may have it. */
  readonly network: string | null;
  /** The actor, such as `user:1`; `null` until it is established. */
  actor: string | null;
}

const storage = new AsyncLocalStorage<RequestContext>();

/** Runs `work`, and everything that it starts, for this request. */
export function runForRequest(context: RequestContext, work: () => void): void {
  storage.run(context, work);
}

/** The request that the caller works for; `undefined` for the server's own work. */
export function currentRequest(): RequestContext | undefined {
  return storage.getStore();
}

/** Sets the actor for the events that follow. */
export function actAs(actor: string): void {
  const context = storage.getStore();
  if (context !== undefined) context.actor = actor;
}
