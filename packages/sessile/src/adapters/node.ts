// The adapter for servers of node:http, node:https and node:http2.

import type { IncomingMessage, ServerResponse } from "node:http";
import type { SessionManager } from "../core/manager.ts";
import type { Session, SessionData } from "../core/session.ts";
import type { SessionRequest } from "../core/transport.ts";
import { hold } from "./shared/hold-response.ts";
import { NodeExchange, type NodeRequest } from "./shared/node-exchange.ts";
import type { NodeResponse } from "./shared/node-response.ts";
import { checkManager, checkOnError } from "./shared/wiring.ts";

export { openUpgrade } from "./shared/upgrade.ts";

/** Answers a request with its session. With http2, name the types of `request` and `response`. */
export type SessionHandler<
  Data extends object = SessionData,
  Request extends NodeRequest = IncomingMessage,
  Response extends NodeResponse = ServerResponse,
> = (request: Request, response: Response, session: Session<Data>) => unknown;

/**
 * A request in the form that `manager.open` takes, for hosts without an adapter: repeated headers are joined, so two
 * credentials never look like one. `url` is the URL that the client sent, where a framework has shortened that of the
 * request.
 */
export function nodeRequest(request: NodeRequest, url: string = request.url ?? ""): SessionRequest {
  return new NodeExchange(request, () => {}, url);
}

/** Options of `withSession`. */
export interface WithSessionOptions {
  /**
   * Called with errors of a handler, and with mistakes in its use of the session. The client gets `Internal Server
   * Error`, or is cut off if the answer had begun. Default `console.error`.
   */
  readonly onError?: (error: unknown) => void;
}

/**
 * A request listener that opens the session, calls `handler`, and settles the session before the first byte of the
 * response leaves. If a handler throws before it answers, the response is a 500 and nothing is kept.
 */
export function withSession<
  Data extends object,
  Request extends NodeRequest = IncomingMessage,
  Response extends NodeResponse = ServerResponse,
>(
  manager: SessionManager<Data>,
  handler: SessionHandler<Data, Request, Response>,
  options: WithSessionOptions = {},
): (request: Request, response: Response) => void {
  checkManager(manager, "withSession(manager, handler)");
  checkOnError(options);
  const { onError = console.error } = options;
  return (request, response) => void run(manager, handler, request, response, onError);
}

async function run<Data extends object, Request extends NodeRequest, Response extends NodeResponse>(
  manager: SessionManager<Data>,
  handler: SessionHandler<Data, Request, Response>,
  request: Request,
  response: Response,
  onError: (error: unknown) => void,
): Promise<void> {
  const exchange = new NodeExchange<Data>(request, onError);
  try {
    const session = exchange.begin(await manager.open(exchange));
    hold(response, exchange);
    await handler(request, response, session);
  } catch (error) {
    exchange.fail(response, error);
  }
}
