// Instants rounded for people; the exact one is in the title.

import { duration, fullTime, useNow } from "../lib/time.ts";

/** `3 min ago` */
export function Ago({ at }: { at: number }) {
  const ago = useNow() - at;
  return <Instant at={at}>{ago < 5000 ? "just now" : `${duration(ago)} ago`}</Instant>;
}

/** `in 12 min` */
export function Until({ at }: { at: number }) {
  const left = at - useNow();
  return <Instant at={at}>{left <= 0 ? "now" : `in ${duration(left)}`}</Instant>;
}

export function Instant({ at, children }: { at: number; children: string }) {
  return (
    <time dateTime={new Date(at).toISOString()} title={fullTime(at)}>
      {children}
    </time>
  );
}
