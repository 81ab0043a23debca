// Instants and durations in words, by the one clock of the pages, which follows the server's.

import { useEffect, useState } from "preact/hooks";

let offset = 0;

/** Sets the clock to an instant from the server. */
export function setClock(now: number): void {
  offset = now - Date.now();
}

export const now = (): number => Date.now() + offset;

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** `12 s`, `3 min`, `2 h 5 min`, `4 d`. */
export function duration(ms: number): string {
  const rest = Math.max(0, ms);
  if (rest < MINUTE) return `${Math.floor(rest / SECOND)} s`;
  if (rest < HOUR) return `${Math.floor(rest / MINUTE)} min`;
  const [hours, minutes] = [Math.floor(rest / HOUR), Math.floor((rest % HOUR) / MINUTE)];
  if (rest < DAY) return minutes === 0 ? `${hours} h` : `${hours} h ${minutes} min`;
  return `${Math.floor(rest / DAY)} d`;
}

const CLOCK = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
});
const FULL = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "long" });
const NUMBER = new Intl.NumberFormat("en");

export const clockTime = (at: number): string => CLOCK.format(at);
export const fullTime = (at: number): string => FULL.format(at);
export const count = (value: number): string => NUMBER.format(value);
/** An estimate, with its two significant digits. */
export const roughly = (value: number): number => Number(value.toPrecision(2));
/** `1 session`, `2 sessions`. */
export const sessions = (value: number): string => `${count(value)} ${value === 1 ? "session" : "sessions"}`;

/** The present time, updated every `interval` milliseconds. */
export function useNow(interval = 5000): number {
  const [at, setAt] = useState(now());
  useEffect(() => {
    const timer = setInterval(() => setAt(now()), interval);
    return () => clearInterval(timer);
  }, [interval]);
  return at;
}
