// Notices when npm is ended: its shell dies with it but tells nobody, and would leave what it started running.

const parent = process.ppid;

/** Calls `act` once when the shell that npm started us in is gone. Does nothing when npm did not start us. */
export function whenNpmEnds(act) {
  if (!process.env.npm_lifecycle_event) return;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    act();
  }, 200);
  timer.unref();
}
