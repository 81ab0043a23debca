// The result of one test file, gathered from its reporter's messages and from the end of its process.

/** An empty result, to be filled by `note` and closed by `conclude`. */
export const newResult = (file) => ({
  file,
  passed: 0,
  failed: 0,
  skipped: 0,
  running: new Set(),
  failures: [],
  ended: false,
  output: "",
  started: Date.now(),
});

/** Adds one message of the reporter. */
export function note(result, message) {
  if (message.kind === "begin") result.running.add(message.name);
  else result.running.delete(message.name);
  if (message.kind === "end") result.ended = true;
  if (message.kind === "remark") result.output += `${message.text}\n`;
  if (message.kind in COUNTED) result[message.kind] += 1;
  if (message.kind === "failed" && !message.inner) result.failures.push(message);
}

const COUNTED = { passed: true, failed: true, skipped: true };

/** Adds the failure that no single test reported, if there is one, and the time of the file. */
export function conclude(result, exit) {
  const details = wholeFileFailure(result, exit);
  if (details) result.failed += 1;
  if (details) result.failures.push({ path: "the whole file", details });
  return { ...result, seconds: (Date.now() - result.started) / 1000 };
}

function wholeFileFailure(result, { code, signal, overtime }) {
  if (overtime) return `Ended after ${overtime} s: ${heldUpBy([...result.running])}.`;
  if (isEmpty(result) && code === 0) return "It holds no test, or ended before the first one did.";
  if (!result.ended) return `The process ended before its tests did (${signal ?? `exit code ${code}`}).`;
  if (code !== 0 && result.failed === 0) return `Every test passed, but the process ended with exit code ${code}.`;
  return undefined;
}

const isEmpty = ({ passed, failed, skipped, running }) => passed + failed + skipped + running.size === 0;

function heldUpBy(names) {
  if (names.length > 0) return `still running was ${names.join(", ")}`;
  return "no test was running, so something it started is still open, or a loop never ends";
}
