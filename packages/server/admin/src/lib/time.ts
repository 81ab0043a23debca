// Instants and durations, as people say them. The one clock of the pages: it follows the server's.

import { useEffect, useState } from "preact/hooks";

let offset = 0;

/** Sets the clock by an instant that the server gave. */
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
/** What is only estimated, with two digits that mean something. */
export const roughly = (value: number): number => Number(value.toPrecision(2));
/** `1 session`, `2 sessions`. */
export const sessions = (value: number): string => `${count(value)} ${value === 1 ? "session" : "sessions"}`;

/** The present time, and a new look at it every `interval` milliseconds. */
export function useNow(interval = 5000): number {
  const [at, setAt] = useState(now());
  useEffect(() => {
    const timer = setInterval(() => setAt(now()), interval);
    return () => clearInterval(timer);
  }, [interval]);
  return at;
}
