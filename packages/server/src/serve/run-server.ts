// The running server: opens the store, listens, prints its addresses, and stops in order.

import { setTimeout as wait } from "node:timers/promises";
import type { FastifyInstance } from "fastify";
import type { Logger } from "pino";
import { bearerTransport, cookieTransport, headerTransport } from "sessile";
import type { ListenAddress } from "../config/address.ts";
import { type Config, lifetimesOf } from "../config/config.ts";
import { type Digests, digestsOf } from "../config/token-keys.ts";
import type { HttpLimits } from "../http/harden.ts";
import { createLog } from "../http/log/log.ts";
import { ObservedManager } from "../http/log/observed-manager.ts";
import { SecurityLog } from "../http/log/security-log.ts";
import { countEvents } from "../http/metrics/count-events.ts";
import { EventFeed } from "../http/metrics/event-feed.ts";
import { Exposition } from "../http/metrics/exposition.ts";
import { measuredStore } from "../http/metrics/measured-store.ts";
import { Metrics } from "../http/metrics/metrics.ts";
import { telemetry } from "../http/metrics/telemetry.ts";
import { KeyStore } from "../identity/keys/key-store.ts";
import { openKeyFile } from "../identity/keys/open-key-file.ts";
import { openSignIn } from "../identity/sign-in/service.ts";
import { storeEntry } from "../identity/sign-in/store-entry.ts";
import { chooseUsers } from "../identity/users/users-path.ts";
import { withoutMarker } from "../store/marker.ts";
import { openServedStore } from "../store/open-served-store.ts";
import type { OpenedStore } from "../store/open-store.ts";
import { Readiness } from "../store/readiness.ts";
import { createAdminApp, createApp, createMetricsApp } from "./app.ts";
import { banner } from "./banner.ts";
import { exitWhenStateIsUnknown } from "./last-resort.ts";
import { checkDemo, listen } from "./listen.ts";
import { checkPages, openPages } from "./open-pages.ts";
import { stopOnSignal } from "./stop-on-signal.ts";

/** Limits that tests shorten, since they cannot wait as long as slow clients may. */
export interface Tuning {
  readonly limits?: HttpLimits;
  /** Milliseconds in which requests may finish once the server stops. */
  readonly stopDeadline?: number;
}

const STOP_DEADLINE = 10_000;

/** Serves until a signal arrives. Throws `UsageError` when the server cannot start. */
export async function runServer(config: Config, tuning: Tuning = {}): Promise<void> {
  const { limits, stopDeadline = STOP_DEADLINE } = tuning;
  const users = chooseUsers(config);
  if (users === null) checkDemo(config);
  checkPages(config, users);
  const digests = digestsOf(config.tokenKeys);
  const opened = await openServedStore(config);
  const log = createLog(config.logLevel);
  exitWhenStateIsUnknown(log);
  const readiness = new Readiness(opened.store);
  const parts = { log, readiness, users, digests, ...(limits && { limits }) };
  const { app, adminApp, metricsApp, close } = await assemble(config, opened, parts);
  const listenFor = (each: FastifyInstance, where: ListenAddress, option?: string): Promise<string> =>
    listen(each, where, option).catch(async (error) => {
      await close();
      throw error;
    });
  const metrics = metricsApp && `${await listenFor(metricsApp, config.metrics ?? config, "--metrics")}/metrics`;
  const url = await listenFor(app, config);
  const admin = adminApp ? await listenFor(adminApp, config.adminListen ?? config, "--admin-listen") : url;
  const stop = async (): Promise<void> => {
    readiness.stop();
    await wait(config.stopDelay);
    await close();
  };
  stopOnSignal(stop, config.stopDelay + stopDeadline);
  process.stdout.write(banner(config, opened, { url, users, metrics, admin }));
}

interface Parts {
  readonly log: Logger;
  readonly readiness: Readiness;
  /** The path of the file of users; `null` for the demo. */
  readonly users: string | null;
  readonly digests: Digests;
  readonly limits?: HttpLimits;
}

interface Assembled {
  readonly app: FastifyInstance;
  /** The admin page, if it has an address of its own. */
  readonly adminApp: FastifyInstance | null;
  /** The metrics, if they have an address of their own. */
  readonly metricsApp: FastifyInstance | null;
  readonly close: () => Promise<void>;
}

/** `close` ends all parts, each before the parts that it needs. When one cannot be opened, the others are closed. */
async function assemble(config: Config, opened: OpenedStore, parts: Parts): Promise<Assembled> {
  const closers: (() => unknown)[] = [];
  const close = async (): Promise<void> => {
    for (let next = closers.pop(); next !== undefined; next = closers.pop()) await next();
  };
  try {
    return { ...(await open(config, opened, parts, (closer) => closers.push(closer))), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function open(
  config: Config,
  opened: OpenedStore,
  parts: Parts,
  onClose: (closer: () => unknown) => void,
): Promise<Omit<Assembled, "close">> {
  const { users } = parts;
  const security = new SecurityLog(parts.log);
  const metrics = new Metrics(telemetry());
  const feed = new EventFeed();
  countEvents(security, metrics, feed);
  const exposition = new Exposition({ metrics, store: opened.store, isStoreUp: () => parts.readiness.isStoreUp() });
  const { cookie, trustedOrigins, verifyHeaders, trustProxy: trust, longestSession: keepFor } = config;
  const client = { trust, keepDevice: config.device === "family", logNetwork: config.logAddress === "network" };
  const common = { security, client, metrics, tokenInBody: cookie === null, ...parts };
  const metricsApp = config.metrics === null ? null : await createMetricsApp(common, exposition);
  onClose(() => metricsApp?.close()); // last, so that the final figures can be read
  onClose(opened.close);
  const store = measuredStore(withoutMarker(opened.store), metrics);
  const browsers = cookie === null ? null : cookieTransport({ ...cookie, trustedOrigins });
  const transports = [...(browsers === null ? [] : [browsers]), headerTransport(), bearerTransport()];
  const manager = new ObservedManager({ store, transports, ...lifetimesOf(config), ...parts.digests }, security);
  onClose(() => manager.close());
  const reached = { manager, security, store: opened.store, entry: storeEntry(config), keepFor };
  const signIn = users === null ? null : await openSignIn({ path: users, ...reached });
  onClose(() => signIn?.close());
  const pages = await openPages(config, {
    manager,
    store,
    name: opened.name,
    security,
    metrics,
    feed,
    signIn,
    ...parts,
  });
  onClose(pages.close);
  const keyFile = users === null ? null : openKeyFile(users);
  if (keyFile !== null) parts.readiness.needUsers(() => keyFile.check());
  onClose(() => keyFile?.close());
  onClose(() => exposition.stop());
  const app = await createApp({
    ...{ manager, cookie: browsers, exposition, verifyHeaders },
    keys: keyFile === null ? null : new KeyStore(keyFile),
    ...(signIn && { signIn }),
    ...common,
    ...pages.here,
  });
  const adminApp = pages.elsewhere === null ? null : await createAdminApp(common, pages.elsewhere);
  onClose(() => Promise.all([app.close(), adminApp?.close()]));
  return { app, adminApp, metricsApp };
}
