// A generator of nasty text: what parsers, terminals, proxies, spreadsheets and people trip over. Knows no route.

import fc from "fast-check";

const PIECES: Readonly<Record<string, readonly string[]>> = {
  control: [
    "\0",
    "\u0001",
    "\u0007",
    "\b",
    "\t",
    "\n",
    "\v",
    "\f",
    "\r\n",
    "\u001b[2J",
    "\u007f",
    "\u0085",
    "\u009b31m",
  ],
  bidi: ["\u202egnp.exe", "\u2066", "\u2069", "\u200e", "\u200f", "\u061c", "\u202a", "\u05d0\u05d1"],
  invisible: [
    "\u200b",
    "\u200d",
    "\ufeff",
    "\u00ad",
    "\u2060",
    "\u180e",
    "\u3164",
    "\u034f",
    "\u{e0041}",
    "\ufe0f",
    "\u00a0",
  ],
  surrogates: ["\u{1f511}", "\u{10ffff}", "\u{d7ff}\u{e000}", "\u{1f468}\u200d\u{1f469}"],
  path: [
    ".",
    "..",
    "../",
    "/..",
    "/",
    "//",
    "\\",
    "a/../b",
    "./",
    ";/",
    "C:\\",
    "/etc/passwd",
    "?",
    "#",
    "?except=",
    "&",
    "=",
  ],
  percent: ["%", "%2e%2e", "%2F", "%2f..%2f", "%00", "%0d%0a", "%zz", "%E0%A4%A", "%u202e", "%25", "+", "&amp;"],
  html: [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "<!--",
    "</title>",
    "{{7*7}}",
    "#{7*7}",
    "javascript:",
  ],
  header: ["\r\nX-User-Id: root", "\nSet-Cookie: a=b", ": ", "; Path=/", ",", '"', "a, b"],
  shell: ["$(id)", "`id`", "; rm -rf /", "| cat", "&& true", "'", "-rf", "--help", "*", "~", "$HOME", "!!"],
  formula: ["=1+1", "+1", "-1", "@SUM(A1)", '=HYPERLINK("http://x")', "\t=1", "1e3", "0x10"],
  prototype: ["__proto__", "constructor", "prototype", "toString", "hasOwnProperty", "valueOf", "then", "toJSON"],
  words: [
    "null",
    "undefined",
    "NaN",
    "true",
    "0",
    "01",
    "-0",
    "1",
    "me",
    "current",
    "others",
    "all",
    "end",
    "everyone",
  ],
  query: ["' OR 1=1 --", '"; DROP TABLE sessile_users', "[a-z]*", "{a}", "?*", "\\x00", '{"a":1}', "]"],
  alike: [
    "\u0430dmin",
    "a\u0301",
    "\u00e1",
    "\u2126",
    "\u03a9",
    "\ufb00",
    "\u0131",
    "\uff21lice",
    "ALICE",
    "alice",
    "alice ",
  ],
};

const piece = fc.constantFrom(...Object.values(PIECES).flat());
const long = fc.tuple(piece, fc.integer({ min: 2, max: 300 })).map(([text, times]) => text.repeat(times));
const random = fc.oneof(fc.string({ unit: "binary", maxLength: 20 }), fc.string({ unit: "grapheme", maxLength: 20 }));

/** Any nasty text, well-formed or not, of at most `most` code units. */
export function nastyText(most: number): fc.Arbitrary<string> {
  const half = fc.constantFrom("\ud800", "\udc00", "a\ud83d", "\udfff\ud800");
  const mixed = fc.array(fc.oneof(piece, random, half), { maxLength: 6 }).map((parts) => parts.join(""));
  return fc.oneof(piece, mixed, long, random).map((text) => text.slice(0, most));
}

/** Texts that the library accepts as a user's id. */
export function nastyUserId(): fc.Arbitrary<string> {
  return nastyText(256)
    .map((text) => text.toWellFormed())
    .filter((text) => text !== "" && Buffer.byteLength(text) <= 256 && Buffer.byteLength(text) <= 256);
}

/** Any JSON object whose keys and texts are nasty; no key is `__proto__`, which the server refuses. */
export function nastyData(): fc.Arbitrary<Record<string, fc.JsonValue>> {
  const text = nastyText(80).map((each) => each.toWellFormed());
  const key = text.filter((each) => each !== "" && each !== "__proto__");
  const leaf = fc.oneof(text, fc.integer(), fc.boolean(), fc.constant(null));
  const value = fc.oneof(leaf, fc.array(leaf, { maxLength: 3 }), fc.dictionary(key, leaf, { maxKeys: 3 }));
  return fc.dictionary(key, value, { maxKeys: 5 }) as fc.Arbitrary<Record<string, fc.JsonValue>>;
}
