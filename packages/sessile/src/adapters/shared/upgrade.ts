// The session of a request for an upgrade to a WebSocket or another protocol.

import { type IncomingMessage, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import type { SessionManager } from "../../core/manager.ts";
import { checkCall } from "../../core/options.ts";
import type { SignedInSession } from "../../core/session.ts";
import { type Answer, type GuardOptions, notSignedIn } from "./answer.ts";
import { NodeExchange } from "./node-exchange.ts";
import { checkManager } from "./wiring.ts";

/** Options of `openUpgrade`. */
export interface UpgradeOptions extends GuardOptions {
  /** Called with errors that are hidden from the client, which gets a 500. Default `console.error`. */
  readonly onError?: (error: unknown) => void;
}

const KNOWN: ReadonlySet<string> = new Set<keyof UpgradeOptions>(["detail", "onError"]);

/**
 * The session of a signed-in user who asks for an upgrade. `null` if the request was answered on `socket` instead: 401
 * without a signed-in user, 403 for another site's page, 503 if the store fails; and if the client has left.
 *
 * ```ts
 * server.on("upgrade", async (request, socket, head) => {
 *   const session = await openUpgrade(manager, request, socket);
 *   if (session === null) return;
 *   webSockets.handleUpgrade(request, socket, head, (webSocket) => {
 *     const stop = session.onEnded(() => webSocket.close(4401, "Signed out"));
 *     webSocket.on("close", stop);
 *   });
 * });
 * ```
 *
 * Call it before anything else is awaited: Node passes `socket` without a listener for `error`, so a client that breaks
 * off would end the process. The call adds one. Handlers of `connect` need one of their own.
 *
 * `await session.commit()` writes the changes of such a session, and counts as activity of the user.
 */
export async function openUpgrade<Data extends object>(
  manager: SessionManager<Data>,
  request: IncomingMessage,
  socket: Duplex,
  options: UpgradeOptions = {},
): Promise<SignedInSession<Data> | null> {
  const { detail, onError = console.error } = options;
  const exchange = new NodeExchange<Data>(request, onError);
  socket.on("error", ignore);
  try {
    checkManager(manager, "openUpgrade(manager, request, socket)");
    checkCall(options, KNOWN);
    const session = exchange.begin(await manager.open(exchange));
    if (!session.isSignedIn()) refuse(socket, notSignedIn(session, detail));
    else if (!socket.destroyed) return session;
  } catch (error) {
    refuse(socket, exchange.answerTo(error));
  }
  return null;
}

/** Stays on the socket, because the program may await more before a WebSocket library takes over. */
function ignore(): void {}

/**
 * Written to the socket, because Node has no response for an upgrade, and a new one cannot be assigned to a socket on
 * which an earlier request is still being answered.
 */
function refuse(socket: Duplex, { status, headers, cookies, body }: Answer): void {
  const lines = Object.entries({ ...headers, "content-length": Buffer.byteLength(body), connection: "close" });
  for (const line of cookies) lines.push(["set-cookie", line]);
  const head = [`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...lines.map(([name, value]) => `${name}: ${value}`)];
  socket.once("finish", () => socket.destroy());
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`);
}
