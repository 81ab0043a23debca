// The inputs for the properties: tokens whole and broken, hostile text, values that JSON cannot carry, records, deltas.

import fc from "fast-check";
import type { Json } from "sessile";
import type { SessionDelta, SessionRecord } from "sessile/store";
import { sampleRecord } from "sessile/testing";
import { formatToken, newSecret, newSid } from "#dist/core/token.js";
import { randomDigest } from "#dist/testing/records.js";

export const NOW = 1_800_000_000_000;
export const DAY = 86_400_000;

/** A well-formed token without a session. From the library's own random source, so not repeated by the seed. */
export function newToken(): string {
  return formatToken("ses_", { sid: newSid(), secret: newSecret() });
}

const BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

export function base62(length: number): fc.Arbitrary<string> {
  return fc.string({ unit: fc.constantFrom(...BASE62), minLength: length, maxLength: length });
}

export const parts = fc.record({ sid: base62(22), secret: base62(44) }, { noNullPrototype: true });
export const prefixes = fc.constantFrom("ses_", "a_", "Z9_", "sessionprefix01_");
export const tokens = parts.map((each) => formatToken("ses_", each));

/** Texts that parsers trip over. */
const ODD = [
  "",
  "\0",
  "\r\n",
  "\n",
  ";",
  ",",
  ", ",
  "; ",
  "=",
  '"',
  "\\",
  "%00",
  "%E0%A4%A",
  " ",
  "\t",
  "\u00a0",
  "\u2028",
  "\ufeff",
  "é\u00ff",
  "🔑",
  "\ud800",
  "\udc00",
  "Bearer ",
  "bearer",
  "BEARER\t",
  "Basic ",
  "ses_",
  "__Host-session=",
  "__Host-session",
  "__host-session=",
  "session=",
  "{tag}",
  "*",
  "../",
  "' OR 1=1--",
  "__proto__",
  "\\u005f_proto__",
  "constructor",
  "toString",
  "null",
  "undefined",
  "NaN",
  "-0",
  "1e999",
  "9007199254740993",
] as const;

export const odd = fc.constantFrom(...ODD);

/** Any text, and text put together from pieces that mean something. */
export function hostile(...pieces: readonly fc.Arbitrary<string>[]): fc.Arbitrary<string> {
  const piece = fc.oneof(odd, fc.string({ maxLength: 8 }), fc.string({ unit: "binary", maxLength: 8 }), ...pieces);
  return fc.oneof({ weight: 1, arbitrary: fc.string({ maxLength: 100 }) }, { weight: 4, arbitrary: joined(piece) });
}

function joined(piece: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc.array(piece, { maxLength: 8 }).map((each) => each.join(""));
}

/** The text with some of it cut out, doubled, swapped or replaced; sometimes as it is. */
export function broken(text: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const edit = fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true }), cut: fc.nat(4), put: odd });
  return fc.tuple(text, fc.array(edit, { maxLength: 3 })).map(([whole, edits]) =>
    edits.reduce((rest, { at, cut, put }) => {
      const from = Math.floor(at * rest.length);
      return rest.slice(0, from) + put + rest.slice(from + cut);
    }, whole),
  );
}

/** A piece of the text: its beginning or its end. */
export function pieceOf(text: string): fc.Arbitrary<string> {
  return fc
    .tuple(fc.nat(text.length), fc.boolean())
    .map(([at, isStart]) => (isStart ? text.slice(0, at) : text.slice(at)));
}

/** Values of every kind, those included that no parser of JSON gives. */
export const anything = fc.anything({
  key: fc.oneof(fc.string({ maxLength: 6 }), odd),
  withBigInt: true,
  withBoxedValues: true,
  withDate: true,
  withMap: true,
  withNullPrototype: true,
  withObjectString: true,
  withSet: true,
  withSparseArray: true,
  withTypedArray: true,
  withUnicodeString: true,
});

/** Values that JSON silently changes, alone and inside others. */
export const lossy = fc
  .constantFrom<unknown>(-0, Number.NaN, Number.POSITIVE_INFINITY, undefined, "\ud800", 1n, new Date(0), () => 1)
  .chain((value) => fc.constantFrom<unknown>(value, [value], { key: value }, [[{ key: value }]]));

const names = fc.oneof(
  fc.constantFrom("a", "b", "c", "d", "", "constructor", "toString", "🔑"),
  fc.string({ maxLength: 6 }),
);

export const keys = names.filter((key) => key !== "__proto__");

/** Values that JSON carries without loss. */
export const json: fc.Arbitrary<Json> = fc.letrec<{ value: Json; leaf: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    tie("leaf"),
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(keys, tie("value"), { maxKeys: 4, noNullPrototype: true }),
  ),
  leaf: fc.oneof(
    fc.constantFrom(null, true, false),
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => (Object.is(value, -0) ? 0 : value)),
    fc.string({ unit: "grapheme", maxLength: 8 }),
  ),
})).value;

export const data = fc.dictionary(keys, json, { maxKeys: 6, noNullPrototype: true });

/** A record of a session that began at `NOW`, in order in itself. */
export const records: fc.Arbitrary<SessionRecord> = fc
  .record({
    data,
    seen: fc.nat(DAY),
    idle: fc.integer({ min: 1, max: DAY }),
    version: fc.oneof(fc.integer({ min: 1, max: 1000 }), fc.integer({ min: 1, max: 2 ** 50 })),
    rotation: fc.option(
      fc.record({
        offer: fc.option(base62(43)),
        offeredAt: fc.nat(DAY),
        count: fc.nat(9),
        taken: fc.nat(9),
        previous: fc.nat(2),
      }),
    ),
    idleTimeout: fc.option(fc.nat(DAY)),
    persistent: fc.boolean(),
    binding: fc.option(fc.string({ unit: "grapheme" })),
    userId: fc.option(fc.oneof(fc.string({ unit: "grapheme", minLength: 1 }), fc.constantFrom("a\0b", "\\", "\\0"))),
    device: fc.option(fc.oneof(fc.string({ unit: "grapheme" }), fc.constantFrom("", "\0", "\n", "|{}"))),
  })
  .map(({ data, seen, idle, rotation, ...fields }) =>
    sampleRecord({
      ...fields,
      createdAt: NOW,
      data: JSON.stringify(data),
      rotation: rotation && {
        ...rotation,
        family: randomDigest(),
        previous: Array.from({ length: rotation.previous }, randomDigest),
      },
      lastSeenAt: NOW + seen,
      expiresAt: Math.min(NOW + seen + idle, NOW + 2 * DAY),
      absoluteExpiresAt: NOW + 2 * DAY,
    }),
  );

const instants = fc.oneof(
  fc.integer({ min: NOW - DAY, max: NOW + 3 * DAY }),
  fc.constantFrom(0, NOW, NOW + 2 * DAY - 1, NOW + 2 * DAY, Number.MAX_SAFE_INTEGER),
);

export const deltas: fc.Arbitrary<SessionDelta> = fc.record(
  {
    at: instants,
    set: data,
    remove: fc.array(keys, { maxLength: 4 }),
    touch: fc.record({ idleTimeout: fc.integer({ min: 1, max: 3 * DAY }) }),
    ifVersion: fc.integer({ min: 0, max: 1000 }),
    rotate: fc.oneof(
      fc.record({
        kind: fc.constant("offer" as const),
        from: fc.constantFrom("current", "another"),
        over: fc.option(fc.constantFrom("open", "another")),
        to: base62(43),
        family: base62(43),
      }),
      fc.record({ kind: fc.constant("take" as const), to: fc.constantFrom("open", "another") }),
      fc.record({
        kind: fc.constant("replace" as const),
        from: fc.constantFrom("current", "another"),
        to: base62(43),
        family: base62(43),
        keep: fc.constantFrom("current", "another"),
      }),
    ),
    limits: fc.record({ dataBytes: fc.integer({ min: 1, max: 400 }), keys: fc.integer({ min: 1, max: 8 }) }),
  },
  { requiredKeys: ["at"] },
);

/** The delta, with the record's own digests where it says so. */
export function aimed({ secretDigest, rotation }: SessionRecord, delta: SessionDelta): SessionDelta {
  const { rotate } = delta;
  if (rotate === undefined) return delta;
  const from = "from" in rotate && rotate.from === "current" ? { from: secretDigest } : {};
  const over = "over" in rotate && rotate.over === "open" ? { over: rotation?.offer ?? null } : {};
  const to = rotate.to === "open" && rotation?.offer != null ? { to: rotation.offer } : {};
  return { ...delta, rotate: { ...rotate, ...from, ...over, ...to } };
}
