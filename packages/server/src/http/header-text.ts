// Any text as the value of a header, encoded so that it cannot end the header.

import type { Json } from "sessile";

/**
 * Fits every user id, whose 256 bytes become three times as many at worst, and longer data. Proxies accept 4 to 8 KiB
 * for all headers.
 */
export const LONGEST_HEADER = 256 * "%E2%82%AC".length;

/**
 * Visible ASCII stays; `%`, controls, non-ASCII and spaces at either end are percent-encoded as UTF-8, so that
 * `decodeURIComponent` restores the text. Half a surrogate pair has no UTF-8 and becomes U+FFFD; no API of this server
 * accepts one, but another program may have stored it. `null` for more than 2,304 bytes: half a value could mean
 * something else.
 */
export function headerText(text: string): string | null {
  const encoded = text.toWellFormed().replace(/[^\x20-\x24\x26-\x7e]+|^ +| +$/g, encodeURIComponent);
  return encoded.length <= LONGEST_HEADER ? encoded : null;
}

/** The header for a value of session data: text as it is, anything else as JSON. */
export function headerValue(value: Json | undefined): string {
  if (value === undefined) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}
