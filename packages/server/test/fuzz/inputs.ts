// The inputs for the server's properties.

import fc from "fast-check";

/** Texts that parsers trip over. */
export const odd = fc.constantFrom(
  ...[
    "",
    "\0",
    "\r\n",
    "\n",
    ";",
    ",",
    ", ",
    "=",
    '"',
    "'",
    "\\",
    "%00",
    "%",
    "%E0%A4%A",
    "..",
    "/",
    "//",
    "?",
    "#",
    "@",
    ":",
    "::",
    "[",
    "]",
  ],
  ...[
    "\u00a0",
    "\u2028",
    "\ufeff",
    "\u202e",
    "é",
    "ı",
    "K",
    "ﬀ",
    "🔑",
    "\ud800",
    "__proto__",
    "constructor",
    "null",
    "NaN",
    "-0",
    "1e3",
    "٣",
  ],
);

/** Any text, and text put together from pieces that mean something. */
export function hostile(...pieces: readonly fc.Arbitrary<string>[]): fc.Arbitrary<string> {
  const piece = fc.oneof(odd, fc.string({ maxLength: 8 }), fc.string({ unit: "binary", maxLength: 4 }), ...pieces);
  return fc.oneof(
    fc.string({ maxLength: 60 }),
    fc.array(piece, { maxLength: 8 }).map((each) => each.join("")),
  );
}
