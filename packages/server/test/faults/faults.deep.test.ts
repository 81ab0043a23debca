// A few cells of the fault matrix; `npm run test:long -- faults` runs all of them.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { CELLS, GAPS } from "./matrix.ts";
import { STORES } from "./places.ts";
import { rowOf } from "./report.ts";
import { runCell } from "./run-cell.ts";

/** Each kind of store once or twice, and both sides of what asynchronous replication cannot promise. */
const CHOSEN: readonly (readonly [fault: string, store: string])[] = [
  ["server killed (-9)", "SQLite"],
  ["store frozen (SIGSTOP)", "Redis"],
  ["slots moved", "Cluster"],
  ["replicas cut off for 1.2 s, then primary killed", "Sentinel"],
  ["replicas cut off for 1.2 s, then primary killed", "Sentinel, strict"],
];

describe("a few cells of the fault matrix", { concurrency: 2 }, () => {
  for (const [fault, store] of CHOSEN) {
    test(`${fault}: ${store} keeps its promises`, async (t) => {
      const cell = CELLS.find((each) => each.fault === fault && each.store === store);
      assert.ok(cell !== undefined);
      const result = await runCell(cell);
      assert.ok(result !== null);
      t.diagnostic(rowOf(result));
      assert.deepEqual(result.broken, []);
      const { lostWrites, wrong401, revived, offers } = result.counts;
      assert.ok(offers > 0, "clients were offered new tokens");
      if (cell.losses.includes("revived"))
        assert.ok(lostWrites + wrong401 + revived > 0, "a loss that must be seen was not");
    });
  }
});

test("every fault is tried, or ruled out with a reason, on every kind of store", () => {
  const kinds = STORES.slice(0, 5);
  for (const fault of new Set(CELLS.map((cell) => cell.fault))) {
    const known = [...CELLS, ...GAPS].filter((each) => each.fault === fault).map(({ store }) => store);
    assert.deepEqual(
      kinds.filter((kind) => !known.includes(kind)),
      [],
      fault,
    );
  }
});
