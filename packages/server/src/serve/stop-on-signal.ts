// The orderly end of the process on a signal.

const SAME_SIGNAL = 500;

/**
 * Calls `close` at the first signal, which lets requests finish and the store write out. A later signal, or more than
 * `deadline` milliseconds, ends the process at once. Signals right after the first do not count: a parent process may
 * pass on one that the terminal sent to both.
 */
export function stopOnSignal(close: () => Promise<void>, deadline: number): void {
  let stoppingSince: number | null = null;
  const stop = (): void => {
    if (stoppingSince !== null) {
      if (performance.now() - stoppingSince > SAME_SIGNAL) process.exit(1);
      return;
    }
    stoppingSince = performance.now();
    setTimeout(() => process.exit(1), deadline).unref();
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
