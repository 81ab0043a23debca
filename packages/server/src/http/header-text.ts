// Any text as the value of a header, so that nothing in it can end the header. Knows no header.

import type { Json } from "sessile";

/** So that every user id fits, whose 256 bytes take three times as much at worst, and longer data. Proxies keep 4 to 8 KiB for all headers. */
export const LONGEST_HEADER = 256 * "%E2%82%AC".length;

/**
 * Visible ASCII as it is; `%`, controls, everything beyond ASCII and spaces at either end percent-encoded as UTF-8, so that
 * `decodeURIComponent` gives the text back. Half a surrogate pair, which no API of this server takes but another program may have
 * stored, has no UTF-8: it becomes U+FFFD. `null` when it takes more than 2,304 bytes: half a value could mean something else.
 */
export function headerText(text: string): string | null {
  const encoded = text.toWellFormed().replace(/[^\x20-\x24\x26-\x7e]+|^ +| +$/g, encodeURIComponent);
  return encoded.length <= LONGEST_HEADER ? encoded : null;
}

/** What a value of a session's data is in a header: text as it is, anything else as JSON. */
export function headerValue(value: Json | undefined): string {
  if (value === undefined) return "";
  return typeof value === "string" ? value : JSON.stringify(value);
}
