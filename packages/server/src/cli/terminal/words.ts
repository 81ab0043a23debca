// Numbers, sizes and instants in the form that people read.

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

export function count(value: number): string {
  return value.toLocaleString("en-GB");
}

/** An estimate with two significant digits: `about 1,200,000`. */
export function about(value: number): string {
  return `about ${count(Number(value.toPrecision(2)))}`;
}

/** `1 session`, `2 sessions`. */
export function counted(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? "" : "s"}`;
}

export function bytes(value: number): string {
  const power = Math.min(Math.floor(Math.log2(Math.max(value, 1)) / 10), UNITS.length - 1);
  return `${(value / 1024 ** power).toFixed(power === 0 ? 0 : 1)} ${UNITS[power]}`;
}

/** `2026-11-25 14:03:09`, in UTC. */
export function instant(at: number): string {
  return new Date(at).toISOString().slice(0, 19).replace("T", " ");
}

/** A duration in its greatest unit: `45s`, `12m`, `3h`, `2d`. */
export function span(ms: number): string {
  const seconds = Math.round(Math.abs(ms) / 1000);
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`;
  return seconds < 86_400 ? `${Math.floor(seconds / 3600)}h` : `${Math.floor(seconds / 86_400)}d`;
}
