// Sessions for h3 2, and so for Nitro. Translates, and decides nothing.

import type { EventHandlerRequest, EventHandlerResponse, EventHandler, H3Event, Middleware } from "h3";
import type { OpenSession, SessionManager } from "../core/manager.ts";
import type { DefaultData, Session, SignedInSession } from "../core/session.ts";
import type { SessionRequest, SessionResponse } from "../core/transport.ts";
import { type Answer, answerTo, type GuardOptions, notSignedIn } from "./answer.ts";

export type { GuardOptions } from "./answer.ts";

declare module "h3" {
  interface H3EventContext {
    /** The session of this request; typed by `SessionData`. */
    session: Session<DefaultData>;
  }
}

/** An event of which it is known that somebody is signed in. */
export type SignedInEvent<Request extends EventHandlerRequest = EventHandlerRequest> = H3Event<Request> & {
  readonly context: { readonly session: SignedInSession<DefaultData> };
};

/**
 * Gives every request a session, `event.context.session`, and settles it before the response leaves:
 *
 * ```ts
 * app.use(sessions(manager));
 * ```
 *
 * What the library throws in a route is answered with `{"detail": …}`, unless the application's `onError` answers. When that
 * gives back a whole `Response`, h3 sends it as it is, without the session's headers.
 */
export function sessions(manager: SessionManager): Middleware {
  return async (event, next) => {
    let opened: OpenSession<DefaultData> | undefined;
    let value: unknown;
    try {
      opened = await manager.open(new EventRequest(event));
      event.context.session = opened.session;
      value = await Promise.resolve(next()).catch(asFailure);
      await opened.commit(statusOf(value, event), new EventResponse(event, value));
    } catch (error) {
      discard(value);
      return toResponse(answerOrThrow(error, opened?.session));
    }
    if (value instanceof Failure) throw value.asHttpError(opened.session);
    return value;
  };
}

/** Lets a handler answer signed-in users only; everybody else gets a 401. */
export function requireSession<
  Request extends EventHandlerRequest = EventHandlerRequest,
  Result extends EventHandlerResponse = EventHandlerResponse,
>(
  handler: (event: SignedInEvent<Request>) => Result,
  { detail }: GuardOptions = {},
): EventHandler<Request, Result | Response> {
  return (event) => {
    const { session } = event.context;
    return session.isSignedIn() ? handler(event as SignedInEvent<Request>) : toResponse(notSignedIn(session, detail));
  };
}

class EventRequest implements SessionRequest {
  readonly #event: H3Event;

  constructor(event: H3Event) {
    this.#event = event;
  }

  get method(): string {
    return this.#event.req.method;
  }

  /** Not that of `event.url`: an application mounted below a path shortens it. */
  get path(): string {
    return new URL(this.#event.req.url).pathname;
  }

  header(name: string): string | undefined {
    return this.#event.req.headers.get(name) ?? (name === "host" ? this.#event.url.host : undefined);
  }
}

/**
 * Headers for what h3 will make of the handler's value. It has two sets, one for answers and one for errors, and which of
 * them counts is known only when it answers; so both get everything.
 */
class EventResponse implements SessionResponse {
  readonly #event: H3Event;
  readonly #own: Headers | undefined;

  constructor(event: H3Event, value: unknown) {
    this.#event = event;
    const { headers } = (value ?? {}) as { headers?: Headers };
    if (typeof headers?.getSetCookie === "function") this.#own = headers;
  }

  set(name: string, value: string): void {
    for (const headers of this.#targets()) headers.set(name, value);
  }

  /** h3 adds cookies to those that the value has itself; any other header would replace the value's own. */
  append(name: string, value: string): void {
    for (const headers of this.#targets()) {
      if (name !== "set-cookie" && !headers.has(name)) headers.append(name, this.#own?.get(name) ?? value);
      headers.append(name, value);
    }
  }

  #targets(): readonly Headers[] {
    const { headers, errHeaders } = this.#event.res;
    return [headers, errHeaders];
  }
}

/** What a handler threw. */
class Failure {
  readonly status: number;
  readonly #error: unknown;

  constructor
}
