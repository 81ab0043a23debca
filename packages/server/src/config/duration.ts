// Durations as people write them: `30m`, `1h`, `90s`, `7d`, `500ms`.

import { UsageError } from "./usage-error.ts";

const UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const LONGEST = 400 * UNITS.d;

/** Milliseconds, from `least` to `most`. `name` is the option, for the error. */
export function parseDuration(text: string, name: string, least = 1, most = LONGEST): number {
  const match = /^(\d{1,15})(ms|s|m|h|d)$/.exec(text);
  const value = match === null ? Number.NaN : Number(match[1]) * UNITS[match[2] as keyof typeof UNITS];
  if (value >= least && value <= most) return value;
  const examples = most === LONGEST ? "30m, 1h or 7d" : "500ms, 5s or 1m";
  const bounds = `from ${least}ms to ${formatDuration(most)}`;
  throw new UsageError(`${name} must be a duration ${bounds}, such as ${examples}; got "${text}".`);
}

/** The shortest exact form: 3600000 is `1h`. */
export function formatDuration(ms: number): string {
  const units = Object.entries(UNITS).reverse();
  const [unit, size] = units.find(([, size]) => ms % size === 0) ?? ["ms", 1];
  return `${ms / size}${unit}`;
}
