// `sessile serve`: opens the store, listens, tells what it serves, and stops in order.

import { isIP } from "node:net";
import { destination, type Logger, pino, stdTimeFunctions } from "pino";
import { bearerTransport, headerTransport, SessionManager } from "sessile";
import { createApp } from "./app.ts";
import { banner } from "./banner.ts";
import type { Config } from "./config.ts";
import { logEvents } from "./log-events.ts";
import { openStore } from "./open-store.ts";
import { UsageError } from "./usage-error.ts";

const STOP_DEADLINE = 10_000;
const SAME_SIGNAL = 500;

/** Serves until a signal comes. Throws `UsageError` when it cannot start. */
export async function serve(config: Config): Promise<void> {
  checkDemo(config);
  const opened = await openStore(config.store);
  const log = createLog(config.logLevel);
  const manager = new SessionManager({
    store: opened.store,
    transports: [headerTransport(), bearerTransport()],
    idleTimeout: config.idleTimeout,
    absoluteTimeout: config.absoluteTimeout,
  });
  logEvents(manager, log);
  const app = await createApp(manager, log);
  const close = async (): Promise<void> => {
    await app.close();
    await manager.close();
    await opened.close();
  };
  const url = await listen(app, config).catch(async (error) => {
    await close();
    throw error;
  });
  stopOnSignal(close);
  process.stdout.write(banner(config, opened, url));
}

/** JSON lines on stderr, so that stdout is for people. Times are UTC (ASVS 16.2.2). */
function createLog(level: string): Logger {
  const formatters = { level: (label: string) => ({ level: label }) };
  return pino(
    { level, base: null, formatters, timestamp: stdTimeFunctions.isoTime },
    destination({ dest: 2, sync: true }),
  );
}

/** Anybody can sign in as the demo user, so only programs of this machine may reach it unless told otherwise. */
function checkDemo({ host, demo }: Config): void {
  if (demo || isLoopback(host)) return;
  throw new UsageError(
    `The demo sign-in lets anybody in as john_doe, so it listens on loopback only, not on ${host}. Use --host 127.0.0.1, or --demo if you mean it.`,
  );
}

export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}

async function listen(app: Awaited<ReturnType<typeof createApp>>, { host, port }: Config): Promise<string> {
  try {
    return await app.listen({ host, port });
  } catch (error) {
    throw new UsageError(listenProblem((error as { code?: string }).code ?? String(error), host, port));
  }
}

function listenProblem(code: string, host: string, port: number): string {
  if (code === "EADDRINUSE")
    return `Port ${port} on ${host} is in use. Stop what uses it, or choose another with --port.`;
  if (code === "EACCES")
    return `Port ${port} on ${host} needs more rights than this user has. Choose one above 1023 with --port.`;
  return `Cannot listen on ${host}, port ${port}: ${code}. Choose an address of this machine with --host.`;
}

/**
 * The first signal lets requests finish and the store write out; another one later, or too long a wait, ends at once. "Later",
 * because whoever started this process may pass on a signal that the terminal sent to both.
 */
function stopOnSignal(close: () => Promise<void>): void {
  let stoppingSince: number | null = null;
  const stop = (): void => {
    if (stoppingSince !== null) {
      if (performance.now() - stoppingSince > SAME_SIGNAL) process.exit(1);
      return;
    }
    stoppingSince = performance.now();
    setTimeout(() => process.exit(1), STOP_DEADLINE).unref();
    close().then(
      () => process.exit(0),
      (error) => {
        process.stderr.write(`sessile: stopped with an error: ${(error as Error).message}\n`);
        process.exit(1);
      },
    );
  };
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
}
