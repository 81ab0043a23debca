// The stored forms of a record: whatever bytes are found, it is a whole record or it is said that there is none.

import assert from "node:assert/strict";
import { crc32 } from "node:zlib";
import fc from "fast-check";
import type { SessionRecord } from "sessile/store";
import type { Property } from "sessile-test-support/properties";
import { isRotation } from "#dist/core/record.js";
import { decodeRecord, encodeRecord, readableRecord } from "#dist/stores/network/codec.js";
import { formatCursor, parseCursor } from "#dist/stores/paging.js";
import { COLUMNS, fromText, toRow } from "#dist/stores/sqlite/row.js";
import { valueOrRefusal } from "./expect.ts";
import { anything, base62, broken, hostile, records } from "./inputs.ts";

const flips = fc.array(fc.record({ at: fc.nat(), bit: fc.nat(7) }), { minLength: 1, maxLength: 3 });
/** SQLite's forms of a value: numbers in any notation, infinity as one that is too large, and texts. */
const cells = fc.oneof(
  fc.constantFrom("null", "0", "-0.0", "-1", "1.5", "9.0e+999", "-9e999", "4611686018427387904", '"[]"', '"null"'),
  fc.double().map((value) => JSON.stringify(value)),
  fc.oneof(fc.maxSafeInteger(), fc.string(), fc.json()).map((value) => JSON.stringify(value)),
);
const texts = fc.oneof(
  hostile(),
  fc.json(),
  fc.constantFrom("[]", "[1]", '["a"]', "null", "{}", JSON.stringify(Array(9).fill("a"))),
);
const headerField = fc.tuple(
  fc.constantFrom("v", "sid", "userId", "rotation", "idleTimeout", "persistent", "expiresAt", "dataLength", "device"),
  anything,
);

export const codecProperties: readonly Property[] = [
  {
    name: "G2: a record comes back from the text in Redis and from the row in SQLite as it was",
    cases: 40_000,
    make: () =>
      fc.property(records, (record) => {
        assert.deepEqual({ ...decodeRecord(encodeRecord(record), record.sid) }, { ...record });
        assert.deepEqual({ ...fromText(record.sid, JSON.stringify(toRow(record))) }, { ...record });
      }),
  },
  {
    name: "G2: bytes in Redis with flipped bits are a whole record or unreadable, never another kind of failure",
    cases: 80_000,
    make: () =>
      fc.property(records, flips, (record, flips) => {
        const bytes = Buffer.from(encodeRecord(record), "utf8");
        for (const { at, bit } of flips) bytes[at % bytes.length]! ^= 1 << bit;
        assertWholeOrRefused(bytes.toString("utf8"), record.sid);
      }),
  },
  {
    name: "G2: text in Redis that was cut off, or that something was added to, is unreadable",
    cases: 40_000,
    make: () =>
      fc.property(records, fc.nat(), fc.string({ minLength: 1 }), (record, cut, more) => {
        const text = encodeRecord(record);
        assert.equal(readableRecord(text.slice(0, cut % text.length), record.sid), null);
        assert.equal(readableRecord(text + more, record.sid), null);
      }),
  },
  {
    name: "G2: any text in Redis is a whole record or unreadable",
    cases: 80_000,
    make: () =>
      fc.property(
        fc.oneof(broken(records.map(encodeRecord)), hostile(records.map(encodeRecord))),
        base62(22),
        (text, other) => {
          const sid = /"sid":"([0-9A-Za-z]{22})"/.exec(text)?.[1] ?? other;
          assertWholeOrRefused(text, sid);
        },
      ),
  },
  {
    name: "G2: a header in Redis with any value in any field is a whole record or unreadable",
    cases: 40_000,
    make: () =>
      fc.property(records, headerField, (record, [name, value]) => {
        const [start = "", data = ""] = encodeRecord(record).split(/\n([\s\S]*)/, 2);
        const [version = "", header = ""] = start.split(/\|([\s\S]*)/, 2);
        const text = JSON.stringify({ ...(JSON.parse(header) as object), [name]: value }, replaceBigints);
        assertWholeOrRefused(`${version}|${text}\n${data}`, record.sid);
      }),
  },
  {
    name: "G2: a row of SQLite with any values is the record that was written, or damaged",
    cases: 80_000,
    make: () =>
      fc.property(records, fc.constantFrom(...COLUMNS), cells, (record, column, cell) => {
        const values = toRow(record).map((value, at) => (COLUMNS[at] === column ? cell : JSON.stringify(value)));
        const found = valueOrRefusal(() => fromText(record.sid, `[${values}]`), "ERR_SESSION_RECORD");
        if (found !== null) assert.deepEqual({ ...found.value }, { ...record });
      }),
  },
  {
    name: "G2: a row of SQLite with any text in it and a checksum that fits is whole or refused",
    cases: 40_000,
    make: () =>
      fc.property(
        records,
        fc.constantFrom("user_id", "secret_digest", "rotation", "data", "device"),
        texts,
        (record, column, text) => {
          const fields = toRow(record).slice(0, -1);
          fields[COLUMNS.indexOf(column)] = text;
          const row = JSON.stringify([...fields, crc32(JSON.stringify(fields))]);
          const found = valueOrRefusal(() => fromText(record.sid, row), "ERR_SESSION_RECORD");
          if (found !== null) assertWhole(found.value);
        },
      ),
  },
  {
    name: "G2: any text in the place of a row of SQLite is refused",
    cases: 40_000,
    make: () =>
      fc.property(records, fc.oneof(hostile(), fc.json()), (record, text) => {
        assert.equal(
          valueOrRefusal(() => fromText(record.sid, text), "ERR_SESSION_RECORD"),
          null,
        );
      }),
  },
  {
    name: "L3: a cursor is what a page gave out, or ERR_SESSION_PAGE",
    cases: 60_000,
    make: () =>
      fc.property(fc.oneof(broken(cursors), hostile(cursors)), (after) => {
        const position = valueOrRefusal(() => parseCursor(after), "ERR_SESSION_PAGE");
        if (position === null) return;
        assert.equal(formatCursor(position.value), after);
      }),
  },
];

const cursors = fc.tuple(fc.nat(), base62(22)).map(([createdAt, sid]) => formatCursor({ createdAt, sid }));

function assertWholeOrRefused(text: string, sid: string): void {
  const found = valueOrRefusal(() => decodeRecord(text, sid), "ERR_SESSION_RECORD");
  const readable = readableRecord(text, sid);
  assert.deepEqual(readable, found?.value ?? null);
  if (readable === null) return;
  assertWhole(readable);
  assert.deepEqual({ ...decodeRecord(encodeRecord(readable), sid) }, { ...readable });
}

/** Every field has its type, so that nothing that reads it can be surprised. */
function assertWhole(record: SessionRecord): void {
  const { userId, device, authenticatedAt, rotation, idleTimeout, binding } = record;
  for (const text of [record.sid, record.secretDigest, record.data, ...(rotation?.previous ?? [])])
    assert.equal(typeof text, "string");
  for (const text of [userId, device, binding, rotation?.offer ?? null])
    assert.ok(text === null || typeof text === "string");
  const instants = [record.createdAt, record.rotatedAt, record.lastSeenAt, record.expiresAt, record.absoluteExpiresAt];
  for (const count of [...instants, record.version, authenticatedAt ?? 0, idleTimeout ?? 0])
    assert.ok(Number.isSafeInteger(count), String(count));
  assert.ok(isRotation(rotation));
  assert.equal(typeof record.persistent, "boolean");
}

function replaceBigints(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? Number(value) : value;
}
