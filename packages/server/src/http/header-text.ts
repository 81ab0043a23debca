// Any text as the value of a header, so that nothing in it can end the header. Knows no header.

/** Proxies keep 4 to 8 KiB for all headers of an answer. */
const LONGEST = 2048;

/**
 * Visible ASCII as it is; `%`, controls, everything beyond ASCII and spaces at either end percent-encoded as UTF-8, so that
 * `decodeURIComponent` gives the text back. Half a surrogate pair, which no API of this server takes but another program may have
 * stored, has no UTF-8: it becomes U+FFFD. Throws when it takes more than 2,048 bytes: half a value could mean something else.
 */
export function headerText(text: string): string {
  const encoded = text.toWellFormed().replace(/[^\x20-\x24\x26-\x7e]+|^ +| +$/g, encodeURIComponent);
  if (encoded.length <= LONGEST) return encoded;
  throw new Error(`A value for a header takes ${encoded.length} bytes; the most is ${LONGEST}.`);
}
