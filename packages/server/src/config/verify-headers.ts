// The setting `--verify-headers`: session data for a proxy, and the headers that carry it.

import { UsageError } from "./usage-error.ts";

/** Headers that `/verify` sets itself, or that proxies and this server use for their own purposes. */
const TAKEN = new Set(["x-user-id", "x-session-id", "x-session-token", "x-api-key", "x-real-ip", "x-request-id"]);
const TAKEN_FAMILY = /^x-(?:forwarded|accel|envoy|original)-/i;
/** Names begin with `X-`, so that session data cannot set a header with a meaning in HTTP. */
const PAIR = /^([^=,]+)=(x-[a-z0-9-]{1,62})$/i;
const MOST = 16;

/** Pairs of a key of the data and a header, from `username=X-User-Name,roles=X-User-Roles`. Throws `UsageError`. */
export function parseVerifyHeaders(text: string): readonly (readonly [key: string, header: string])[] {
  if (text === "") return [];
  const pairs = text.split(",").map((pair) => {
    const [, key, header] = PAIR.exec(pair.trim()) ?? [];
    if (key === undefined || header === undefined || TAKEN_FAMILY.test(header)) throw wrong(text);
    return [key, header.toLowerCase()] as const;
  });
  const names = pairs.map(([, header]) => header);
  if (new Set(names).size < names.length || names.some((name) => TAKEN.has(name)) || names.length > MOST)
    throw wrong(text);
  return pairs;
}

function wrong(text: string): UsageError {
  return new UsageError(
    `--verify-headers must be a list such as username=X-User-Name,roles=X-User-Roles: keys of the session's data, and at most ${MOST} different headers that begin with X-; got "${text}".`,
  );
}
