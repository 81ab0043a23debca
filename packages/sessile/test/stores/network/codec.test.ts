// The stored form of a record: nothing is lost, and nothing damaged is believed.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { SessionRecord } from "sessile/store";
import { fullRecord, sampleRecord } from "sessile/testing";
import {
  beginningOfRecord,
  beginningOfText,
  decodeRecord,
  encodeRecord,
  readableRecord,
} from "#dist/stores/network/codec.js";

const record = fullRecord();
const text = encodeRecord(record);
const unreadable = { code: "ERR_SESSION_RECORD" };

test("a record comes back with every field, frozen, its data as the text it was", () => {
  const decoded = decodeRecord(text, record.sid);
  assert.deepEqual({ ...decoded }, { ...record });
  assert.ok(
    Object.isFrozen(decoded) && Object.isFrozen(decoded.rotation) && Object.isFrozen(decoded.rotation?.previous),
  );
  assert.ok(text.endsWith(`\n${record.data}`), "the data is neither escaped nor rewritten");
});

test("data that holds what separates the parts comes back", () => {
  for (const data of ["{}", '{"a":"|\\n{}"}', '{\n"a": 1}', '{"a":"}\\n{"}']) {
    assert.equal(decodeRecord(encodeRecord(sampleRecord({ ...record, data })), record.sid).data, data);
  }
});

test("the stored form begins with what names the session, the number of its writes, its contents and the form", () => {
  const beginning = beginningOfRecord(record);
  assert.ok(text.startsWith(beginning));
  assert.equal(beginningOfText(text, record.sid), beginning);
  const others: Partial<SessionRecord>[] = [{ writes: record.writes + 1 }, { data: "{}" }, { sid: sampleRecord().sid }];
  for (const other of others) assert.ok(!text.startsWith(beginningOfRecord({ ...record, ...other })));
});

test("a record that was loaded begins as its text does, in whatever order its fields were", () => {
  const shuffled = Object.fromEntries(Object.entries(record).reverse()) as unknown as SessionRecord;
  assert.equal(encodeRecord(shuffled), text);
  assert.equal(beginningOfRecord(decodeRecord(text, record.sid)), beginningOfRecord(record));
});

test("G2: a record that was cut off anywhere is unreadable", () => {
  for (let length = 0; length < text.length; length++) {
    assert.throws(() => decodeRecord(text.slice(0, length), record.sid), unreadable);
  }
});

test("G2: a damaged byte makes a record unreadable or leaves every field of its type, and fails in no other way", () => {
  const types = Object.entries(record).map(([name, value]) => [name, typeof value]);
  for (let at = 0; at < text.length; at++) {
    for (const byte of ["\0", "0", '"', "{", "}", "\n", "|", ","]) {
      const damaged = readableRecord(text.slice(0, at) + byte + text.slice(at + 1), record.sid);
      if (damaged === null) continue;
      assert.deepEqual(
        Object.entries(damaged).map(([name, value]) => [name, typeof value]),
        types,
      );
    }
  }
});

test("G2: a field that is missing or of another type makes a record unreadable", () => {
  for (const name of Object.keys(record).filter((name) => name !== "writes" && name !== "data")) {
    for (const value of [undefined, 1.5, -1, {}, [], [1], true, "text", null, 2 ** 53]) {
      const [nullable, isText] = [
        ["userId", "rotation", "authenticatedAt", "idleTimeout", "binding", "device"].includes(name),
        ["userId", "secretDigest", "binding", "device"].includes(name),
      ];
      if ((nullable && value === null) || (isText && value === "text")) continue;
      if (name === "persistent" && value === true) continue;
      assert.throws(
        () => decodeRecord(encodeRecord({ ...record, [name]: value }), record.sid),
        unreadable,
        `${name}: ${value}`,
      );
    }
  }
});

test("G2: a record of another session, another form or an impossible number of writes is unreadable", () => {
  assert.throws(() => decodeRecord(text, sampleRecord().sid), unreadable);
  for (const form of ["0", "1", "3", '"2"', "null"]) {
    assert.throws(() => decodeRecord(text.replace('"v":2', `"v":${form}`), record.sid), unreadable);
  }
  for (const writes of ["0", "-1", "01", "1.5", "", "9".repeat(17)]) {
    assert.throws(() => decodeRecord(text.replace(/^9/, writes), record.sid), unreadable);
  }
  assert.equal(readableRecord(null, record.sid), null);
});
