// The server's routes in this process, on a real socket: for tests that need another user, clock or store than a
// command line gives.

import type { FastifyInstance } from "fastify";
import { headerTransport, memoryStore, type SessionManagerOptions } from "sessile";
import type { SessionStore } from "sessile/store";
import { failingStore, type MintedSession, mintSession } from "sessile/testing";
import type { VerifyHeaders } from "#dist/api/verify.js";
import { trustIn } from "#dist/config/trusted-proxies.js";
import type { AccountParts } from "#dist/console/account-routes.js";
import type { AdminParts } from "#dist/console/parts.js";
import { createLog } from "#dist/http/log/log.js";
import { ObservedManager } from "#dist/http/log/observed-manager.js";
import { SecurityLog } from "#dist/http/log/security-log.js";
import { countEvents } from "#dist/http/metrics/count-events.js";
import { EventFeed } from "#dist/http/metrics/event-feed.js";
import { Exposition } from "#dist/http/metrics/exposition.js";
import { measuredStore } from "#dist/http/metrics/measured-store.js";
import { Metrics } from "#dist/http/metrics/metrics.js";
import { KeyStore } from "#dist/identity/keys/key-store.js";
import type { SignInService } from "#dist/identity/sign-in/service.js";
import { openUserFile } from "#dist/identity/users/user-file.js";
import { createApp } from "#dist/serve/app.js";
import { Readiness } from "#dist/store/readiness.js";

export interface AppUnderTest {
  readonly app: FastifyInstance;
  readonly url: string;
  readonly manager: ObservedManager;
  readonly store: ReturnType<typeof failingStore>;
  readonly readiness: Readiness;
  readonly metrics: Metrics;
  readonly feed: EventFeed;
  /** The raw text of the log so far. */
  readonly log: () => string;
  /** Forgets the log so far: one that only grows takes longer to look at with every request. */
  readonly clearLog: () => void;
  /** The security events so far, parsed. */
  readonly events: () => Record<string, unknown>[];
  readonly mint: (userId: string) => Promise<MintedSession>;
  readonly close: () => Promise<void>;
}

export interface AppChoices {
  readonly manager?: Partial<SessionManagerOptions>;
  readonly trustProxy?: readonly string[];
  readonly keepDevice?: boolean;
  readonly logNetwork?: boolean;
  /** Opens the sign-in with passwords; without it every client is the demo user. */
  readonly signIn?: (manager: ObservedManager, security: SecurityLog) => Promise<SignInService>;
  /** A file of users whose API keys are good. */
  readonly keys?: string;
  readonly verifyHeaders?: VerifyHeaders;
  readonly tokenInBody?: boolean;
  /** Opens the pages that are served as well. */
  readonly pages?: (parts: PagesGiven) => Promise<PagesOpened>;
  readonly metrics?: Metrics;
  /** Adds to the routes before the server listens. */
  readonly prepare?: (app: FastifyInstance) => void;
}

export interface PagesGiven {
  readonly manager: ObservedManager;
  readonly store: SessionStore;
  readonly security: SecurityLog;
  readonly readiness: Readiness;
  readonly metrics: Metrics;
  readonly feed: EventFeed;
  readonly signIn: SignInService;
}

export interface PagesOpened {
  readonly admin?: AdminParts;
  readonly account?: AccountParts;
  readonly close: () => Promise<void>;
}

export async function startApp(choices: AppChoices = {}): Promise<AppUnderTest> {
  let text = "";
  const write = (line: string): void => {
    text += line;
  };
  const log = createLog("trace", { write });
  const store = failingStore(choices.manager?.store ?? memoryStore());
  const security = new SecurityLog(log);
  const { metrics = new Metrics() } = choices;
  const feed = new EventFeed();
  countEvents(security, metrics, feed);
  const manager = new ObservedManager(
    { transports: [headerTransport()], sweepInterval: 0, ...choices.manager, store: measuredStore(store, metrics) },
    security,
  );
  const readiness = new Readiness(store, 50);
  const client = {
    trust: trustIn(choices.trustProxy ?? []),
    keepDevice: choices.keepDevice ?? false,
    logNetwork: choices.logNetwork ?? false,
  };
  const signIn = await choices.signIn?.(manager, security);
  const exposition = new Exposition({ metrics, store, isStoreUp: () => readiness.isStoreUp() });
  const keyFile = choices.keys === undefined ? null : openUserFile(choices.keys, { synchronous: "NORMAL" });
  const keys = keyFile === null ? null : new KeyStore(keyFile, choices.manager?.clock);
  const more = { keys, verifyHeaders: choices.verifyHeaders ?? [], tokenInBody: choices.tokenInBody ?? true };
  const pages = signIn && (await choices.pages?.({ manager, store, security, readiness, metrics, feed, signIn }));
  const app = await createApp({
    ...more,
    manager,
    cookie: choices.manager?.transports?.find(({ permits }) => permits !== undefined) ?? null,
    log,
    security,
    readiness,
    client,
    metrics,
    exposition,
    ...(signIn && { signIn }),
    ...pages,
  });
  choices.prepare?.(app);
  const url = await app.listen({ host: "127.0.0.1", port: 0 });
  return {
    app,
    url,
    manager,
    store,
    readiness,
    metrics,
    feed,
    log: () => text,
    clearLog: () => {
      text = "";
    },
    events: () => parseEvents(text),
    mint: (userId) => mintSession(manager, userId),
    close: async () => {
      await app.close();
      exposition.stop();
      keyFile?.close();
      await pages?.close();
      signIn?.close();
      await manager.close();
    },
  };
}

/** The lines of a log that tell a security event. */
export function parseEvents(text: string): Record<string, unknown>[] {
  const lines = text.split("\n").filter((line) => line !== "");
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>).filter(({ event }) => event !== undefined);
}
