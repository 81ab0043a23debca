// A server under test: the suite's routes on a new manager and store, mounted by the test file of the adapter.

import { SessionManager } from "../core/manager.ts";
import type { SessionManagerOptions } from "../core/options.ts";
import type { SessionStore } from "../core/store.ts";
import type { SessionTransport } from "../core/transport.ts";
import { memoryStore } from "../stores/memory.ts";
import { cookieTransport } from "../transports/cookie.ts";
import { bearerTransport, headerTransport } from "../transports/header.ts";
import { type ClientRequest, type ClientResponse, send } from "./adapter-client.ts";
import { type Probes, type SuiteRoute, suiteRoutes } from "./adapter-routes.ts";
import { type TestClock, testClock } from "./clock.ts";
import { type Counting, countingStore } from "./counting-store.ts";
import { type Failing, failingStore } from "./failing-store.ts";
import { newGate } from "./gate.ts";
import { type Pausing, pausingStore } from "./pausing-store.ts";

/** A listening server. */
export interface StartedServer {
  /** Such as `http://127.0.0.1:41234`. */
  readonly url: string;
  close(): Promise<void>;
}

/** Starts a real server on a free port of 127.0.0.1 with `routes` mounted through the adapter under test. */
export type StartServer = (manager: SessionManager, routes: readonly SuiteRoute[]) => Promise<StartedServer>;

export interface AdapterCheck {
  readonly name: string;
  readonly run: (start: StartServer) => Promise<void>;
}

export interface ServerUnderTest {
  readonly manager: SessionManager;
  readonly store: SessionStore & Failing & Pausing & Counting;
  readonly clock: TestClock;
  readonly probes: Probes;
  readonly send: (method: string, path: string, asked?: ClientRequest) => Promise<ClientResponse>;
  /** Signs in and returns the token. */
  readonly signIn: (asked?: ClientRequest) => Promise<string>;
}

/** All three transports, the header first. */
export const everyTransport = (): readonly SessionTransport[] => [
  headerTransport(),
  bearerTransport(),
  cookieTransport(),
];
export const cookieOnly = (): readonly SessionTransport[] => [cookieTransport()];

/** Runs `body` against a server of its own. */
export async function withServer(
  start: StartServer,
  options: Partial<SessionManagerOptions>,
  body: (server: ServerUnderTest) => Promise<void>,
): Promise<void> {
  const clock = testClock();
  const probes: Probes = { slow: newGate(), live: newGate(), bigEnded: 0, guardedRuns: 0 };
  const store = countingStore(pausingStore(failingStore(memoryStore()))) as ServerUnderTest["store"];
  const manager = new SessionManager({
    store,
    transports: everyTransport(),
    sweepInterval: 0,
    clock: clock.now,
    ...options,
  });
  const server = await start(manager, suiteRoutes(probes));
  const call: ServerUnderTest["send"] = (method, path, asked) => {
    const sent = send(server.url, method, path, asked);
    sent.catch(() => {}); // a check that fails before it waits for the answer leaves no promise without a handler
    return sent;
  };
  const signIn = async (asked?: ClientRequest): Promise<string> => tokenOf(await call("POST", "/login", asked));
  try {
    await body({ manager, store, clock, probes, send: call, signIn });
  } finally {
    probes.slow.open();
    store.openAll();
    await server.close();
    await manager.close();
  }
}

/** The cookie that a browser would send. */
export function cookieOf(token: string): string {
  return `__Host-session=${token}`;
}

export function all<T>(count: number, run: (index: number) => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => run(index)));
}

function tokenOf({ text }: ClientResponse): string {
  return (JSON.parse(text) as { session_token: string }).session_token;
}
