// Detects the end of npm: its shell dies with it without a signal, and would leave this process behind.

const parent = process.ppid;

/** Calls `act` once when the shell of npm is gone. Does nothing when npm did not start this process. */
export function whenNpmEnds(act) {
  if (!process.env.npm_lifecycle_event) return;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    act();
  }, 200);
  timer.unref();
}
