// Values on their way into a session and out of every stored form: they come back as they were, or are refused by name.

import assert from "node:assert/strict";
import fc from "fast-check";
import type { SessionRecord } from "sessile/store";
import { sampleRecord } from "sessile/testing";
import type { Property } from "sessile-test-support/properties";
import { copyJson, formatData, type Json, type JsonObject, parseData } from "#dist/core/data.js";
import { decodeRecord, encodeRecord } from "#dist/stores/network/codec.js";
import { fromText, toRow } from "#dist/stores/sqlite/row.js";
import { valueOrRefusal } from "./expect.ts";
import { anything, broken, data, hostile, json, keys, lossy } from "./inputs.ts";

const depth = fc.integer({ min: 0, max: 6 });
const dataText = data.map((value) => JSON.stringify(value));
const deepText = fc.integer({ min: 1, max: 1000 }).map((depth) => `{"a":${"[".repeat(depth)}${"]".repeat(depth)}}`);
const protoText = fc
  .constantFrom("__proto__", "\\u005f_proto__", "_\\u005Fproto__", "__proto\\u005f_", "\\u0061")
  .map((key) => `{"a":[{"${key}":1}]}`);

export const jsonProperties: readonly Property[] = [
  {
    name: "G4: a value of a session is kept as it is, or refused as ERR_SESSION_VALUE",
    cases: 80_000,
    make: () =>
      fc.property(fc.oneof(anything, json, lossy), depth, (value, depth) => {
        const copy = valueOrRefusal(() => copyJson(value, "key", depth), "ERR_SESSION_VALUE");
        if (copy === null) return;
        assert.deepEqual(JSON.parse(JSON.stringify(value)), JSON.parse(JSON.stringify(copy.value)));
        assert.deepEqual(copyJson(copy.value, "key", depth), copy.value);
        assert.deepEqual(JSON.parse(JSON.stringify(copy.value)), copy.value);
        assertHarmless(copy.value);
      }),
  },
  {
    name: "G4: what JSON carries is never refused",
    cases: 40_000,
    make: () => fc.property(json, (value) => assert.deepEqual(plain(copyJson(value, "key")), plain(value))),
  },
  {
    name: "G2, G5: a data text is read as JSON has it, or refused as ERR_SESSION_RECORD",
    cases: 80_000,
    make: () =>
      fc.property(fc.oneof(broken(dataText), hostile(dataText), protoText, deepText), (text) => {
        const parsed = valueOrRefusal(() => parseData(text), "ERR_SESSION_RECORD");
        if (parsed === null) return;
        assert.equal(Object.getPrototypeOf(parsed.value), null);
        assert.equal(JSON.stringify(parsed.value), JSON.stringify(JSON.parse(text)));
        assertHarmless(parsed.value);
      }),
  },
  {
    name: "G4: data comes back from every stored form as it was",
    cases: 40_000,
    make: () =>
      fc.property(fc.dictionary(keys, fc.oneof(json, anything), { maxKeys: 4 }), (value) => {
        const kept = valueOrRefusal(() => copyJson(value, "data") as JsonObject, "ERR_SESSION_VALUE");
        if (kept === null) return;
        const record = sampleRecord({ data: formatData(kept.value) });
        for (const form of [record, throughRedis(record), throughSqlite(record)]) {
          assert.deepEqual(plain(parseData(form.data)), plain(kept.value));
        }
      }),
  },
];

function throughRedis(record: SessionRecord): SessionRecord {
  return decodeRecord(Buffer.from(encodeRecord(record), "utf8").toString("utf8"), record.sid);
}

function throughSqlite(record: SessionRecord): SessionRecord {
  return fromText(record.sid, JSON.stringify(toRow(record)));
}

/** Prototypes apart, which `deepEqual` would compare. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value)) as unknown;
}

/** No object in it has a key that becomes a prototype when it is merged. */
function assertHarmless(value: Json): void {
  const waiting: unknown[] = [value];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (typeof next !== "object" || next === null) continue;
    assert.ok(!Object.hasOwn(next, "__proto__"));
    waiting.push(...Object.values(next));
  }
}
