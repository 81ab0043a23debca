// The adapter for Elysia 1.4, on Bun and on every other runtime of Elysia.

import type { AnyElysia, Elysia } from "elysia";
import { SessionError } from "../core/errors.ts";
import type { SessionManager } from "../core/manager.ts";
import type { Session, SignedInSession } from "../core/session.ts";
import { answerTo, type GuardOptions, notSignedIn } from "./shared/answer.ts";
import { toResponse } from "./shared/web-exchange.ts";
import { checkManager, guarded, guardOptions } from "./shared/wiring.ts";
import { type SessionHandler, type WithSessionOptions, withSession } from "./web.ts";

// biome-ignore lint/complexity/noBannedTypes: Elysia's types use it for an empty set
type None = {};

interface Hooks<Derive> {
  derive: Derive;
  resolve: None;
  schema: None;
  standaloneSchema: None;
  response: None;
}

interface Metadata<Data extends object> {
  macro: { readonly requireSession?: boolean | GuardOptions };
  macroFn: {
    readonly requireSession: (wanted: boolean | GuardOptions) => {
      readonly resolve: () => { readonly session: SignedInSession<Data> };
    };
  };
  parser: None;
  schema: None;
  standaloneSchema: None;
  response: None;
}

/** An application whose routes have a `session`, and the option `requireSession`. */
type ElysiaWithSessions<Data extends object> = Elysia<
  "",
  { decorator: None; store: None; derive: None; resolve: None },
  { typebox: None; error: None },
  Metadata<Data>,
  None,
  Hooks<None>,
  Hooks<{ readonly session: Session<Data> }>
>;

/**
 * Adds a `session` to the routes after it, and settles it before the response leaves:
 *
 * ```ts
 * new Elysia()
 *   .use(sessions(manager))
 *   .get("/", ({ session }) => session.userId)
 *   .get("/profile", ({ session }) => session.userId.toUpperCase(), { requireSession: true });
 * ```
 *
 * `requireSession` lets signed-in users pass; all other requests get a 401. An error of the library in a route is
 * answered with `{"detail": …}`, unless an `onError` before this plugin answers.
 */
export function sessions<Data extends object>(
  manager: SessionManager<Data>,
  options?: WithSessionOptions,
): (app: AnyElysia) => ElysiaWithSessions<Data> {
  checkManager(manager, "sessions(manager)");
  const { opened, id } = openedBy(manager);
  const sessionOf = (request: Request): Session<Data> => opened.get(request) as Session<Data>;
  const enter: SessionHandler<Data, [Handler]> = (request, session, handle) => {
    opened.set(request, session);
    return handle();
  };
  const run = withSession(manager, enter, options);
  const requireSession = (wanted: boolean | GuardOptions) => {
    const { detail } = guardOptions(typeof wanted === "object" ? wanted : {});
    return wanted !== false && { beforeHandle: ({ request }: Requested) => guard(sessionOf(request), detail) };
  };
  const wrap = (handle: Handle, request: Request): Handle => settling(handle, opened, request, run);
  wrap.toString = () => id; // Elysia treats functions of the same text as one, and keeps the first
  return (app) => {
    checkCompiled(app);
    return app
      .wrap(wrap as never)
      .onError(({ error, request }) => {
        const answer = answerTo(error, opened.get(request));
        return answer === null ? undefined : toResponse(answer);
      })
      .derive(({ request }) => ({ session: sessionOf(request) }))
      .macro({ requireSession }) as unknown as ElysiaWithSessions<Data>;
  };
}

/** Elysia's own handler of requests; it returns nothing after an upgrade to a WebSocket. */
type Handle = (...args: unknown[]) => Response | undefined | Promise<Response | undefined>;
type Handler = () => Promise<Response>;

interface Requested {
  readonly request: Request;
}

/** `handle`, run by `run`, which always needs a response; once, even if a request is wrapped several times. */
function settling<Data extends object>(
  handle: Handle,
  opened: Opened<Data>,
  request: Request,
  run: (request: Request, handle: Handler) => Promise<Response>,
): Handle {
  return async (...args) => {
    if (opened.has(request)) return handle(...args);
    let isUpgraded = false;
    const response = await run(request, async () => {
      const own = await handle(...args);
      isUpgraded = own === undefined;
      return own ?? new Response();
    });
    opened.delete(request); // tests may send it again
    return isUpgraded ? undefined : response;
  };
}

function guard<Data extends object>(session: Session<Data>, detail: string | undefined): Response | undefined {
  return guarded(session).isSignedIn() ? undefined : toResponse(notSignedIn(session, detail));
}

type Opened<Data extends object> = WeakMap<Request, Session<Data>>;

const OPENED = new WeakMap<object, { opened: WeakMap<Request, unknown>; id: string }>();
let managers = 0;

/** The sessions of requests: each is opened once, even if several parts of an application use the plugin. */
function openedBy<Data extends object>(manager: SessionManager<Data>): { opened: Opened<Data>; id: string } {
  const known = OPENED.get(manager) ?? { opened: new WeakMap<Request, unknown>(), id: `sessile ${++managers}` };
  OPENED.set(manager, known);
  return known as { opened: Opened<Data>; id: string };
}

/** Without its compiler Elysia skips `wrap`, and sessions would never be written. */
function checkCompiled({ config }: AnyElysia): void {
  if (config.aot !== false) return;
  throw new SessionError("ERR_SESSION_OPTION", "Sessions need Elysia's compiler; do not set `aot: false`.");
}
