// The end of the process after an uncaught error, which leaves it in an unknown state (ASVS 16.5.4).

import type { Logger } from "pino";

/** Acknowledged changes are in the store already; the supervisor of the process starts another. */
export function exitWhenStateIsUnknown(log: Logger): void {
  process.on("uncaughtException", (thrown: unknown, origin) => {
    const err = thrown instanceof Error ? thrown : new Error("something that is no error was thrown");
    try {
      log.fatal({ err, origin }, "the server cannot go on");
    } finally {
      process.exit(1);
    }
  });
}
