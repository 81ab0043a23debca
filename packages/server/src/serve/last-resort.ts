// What happens to an error that nobody caught: the process is in a state that nobody foresaw, so it ends (ASVS 16.5.4).

import type { Logger } from "pino";

/** What was acknowledged is in the store; whoever supervises the process starts another. */
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
