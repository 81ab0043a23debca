// Inputs that once broke a property, each by name.

import assert from "node:assert/strict";
import { test } from "node:test";
import { crc32 } from "node:zlib";
import { cookieTransport, headerTransport, memoryStore, SessionManager } from "sessile";
import { keyRing } from "sessile/keys";
import { applyDelta } from "sessile/store";
import { sampleRecord } from "sessile/testing";
import { copyJson } from "#dist/core/data.js";
import { parseCursor } from "#dist/stores/paging.js";
import { COLUMNS, fromText, toRow } from "#dist/stores/sqlite/row.js";

const optionError = { name: "SessionError", code: "ERR_SESSION_OPTION" };
const valueError = { name: "SessionError", code: "ERR_SESSION_VALUE" };
const recordError = { name: "SessionError", code: "ERR_SESSION_RECORD" };

test("L3: a cursor with zeros in front, or with a number that no instant has, is none that a page gave out", () => {
  const sid = "A".repeat(22);
  assert.deepEqual(parseCursor(`17.${sid}`), { createdAt: 17, sid });
  for (const number of ["017", "00", "9999999999999999", "9007199254740993"]) {
    assert.throws(() => parseCursor(`${number}.${sid}`), { code: "ERR_SESSION_PAGE" });
  }
});

test("G2: a row whose rotation is none that a release wrote is damaged, also with a checksum that fits", () => {
  const rotation = { family: "f", offer: null, offeredAt: 1, count: 1, taken: 0, previous: [] };
  const texts = [
    {},
    { ...rotation, previous: ["a", "b", "c"] },
    { ...rotation, offer: 1 },
    { ...rotation, count: null },
  ];
  for (const text of ["", "[", "[]", ...texts.map((each) => JSON.stringify(each))]) {
    const { row, sid } = rowWith("rotation", text);
    assert.throws(() => fromText(sid, row), recordError, text);
  }
});

test("G2: a row with an infinite instant is damaged, although JSON writes infinity as it writes null", () => {
  const { row, sid } = rowWith("authenticated_at", null);
  const values = row.split(",");
  assert.equal(values[COLUMNS.indexOf("authenticated_at")], "null");
  values[COLUMNS.indexOf("authenticated_at")] = "9.0e+999";
  assert.throws(() => fromText(sid, String(values)), recordError);
});

test("H1: a cookie path that is no text is refused as an option", () => {
  for (const path of [{ toString: 1 }, Object.create(null), ["/a"], Symbol("/a")]) {
    assert.throws(() => cookieTransport({ name: "a", path: path as never }), optionError);
  }
});

test("a list of keys or of transports with holes is refused as an option", () => {
  const key = Uint8Array.from({ length: 32 }, (_, i) => i);
  assert.throws(() => keyRing(withHole({ id: "1", key })), optionError);
  const transports = withHole(headerTransport());
  assert.throws(() => new SessionManager({ store: memoryStore(), transports, sweepInterval: 0 }), optionError);
});

test("a limit that not even empty data keeps is refused as an option", () => {
  const options = { store: memoryStore(), transports: [headerTransport()], sweepInterval: 0 };
  assert.throws(() => new SessionManager({ ...options, limits: { dataBytes: 1 } }), optionError);
});

for (const [what, value] of [
  ["a list with keys of its own", Object.assign([1], { total: 1 })],
  ["a list of another class", class extends Array<number> {}.from([1])],
  ["an object with a symbol as key", { [Symbol("hidden")]: 1 }],
  ["an object with a hidden key", Object.defineProperty({}, "hidden", { value: 1 })],
] as const) {
  test(`${what} is refused, since it would come back as something else`, () => {
    assert.throws(() => copyJson(value, "key"), valueError);
  });
}

test("a cycle is refused under every limit of depth", () => {
  const cycle: Record<string, unknown> = {};
  cycle["self"] = cycle;
  assert.throws(() => copyJson(cycle, "key", 1_000_000), valueError);
});

test("stored data nested deeper than the stack is an unreadable record", () => {
  const record = sampleRecord({ data: `{"a":${"[".repeat(20_000)}${"]".repeat(20_000)}}` });
  assert.throws(() => applyDelta(record, { at: record.createdAt, set: { b: 1 } }), recordError);
});

/** A row as it was written, but for one value, and with the checksum of what it is now. */
/** SQLite's reading of a row with a checksum that fits. */
function rowWith(column: string, value: string | number | null): { row: string; sid: string } {
  const record = sampleRecord({ data: "{}" });
  const fields = toRow(record).slice(0, -1);
  fields[COLUMNS.indexOf(column)] = value;
  return { sid: record.sid, row: JSON.stringify([...fields, crc32(JSON.stringify(fields))]) };
}

function withHole<T>(value: T): T[] {
  const list = [value];
  list.length = 2;
  return list;
}
