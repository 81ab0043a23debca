// Keeps docs/security.md and the tests in step: every test that the page names exists, every requirement that a test
// names is on the page, and no row is without a test or a reason.

import assert from "node:assert/strict";
import { test } from "node:test";
import { type Row, readAdvisories, readCounts, readPage, readReferences, readRows } from "./support/security-table.ts";
import { filesWithTests, testsIn } from "./support/test-names.ts";

/** Rows that wait for their tests are an error only when this is set, as it is before a release. */
const MUST_BE_COMPLETE = process.env["SESSILE_SECURITY_COMPLETE"] === "1";

const page = readPage();
const rows = readRows(page);
const files = filesWithTests();

test("every test that docs/security.md names exists under that name in that file", () => {
  const references = readReferences(page);
  assert.ok(references.length > 150);
  const lost = references.filter(({ file, name }) => !files.get(file)?.some((each) => each.name === name));
  assert.deepEqual(lost, [], "tests that were renamed or removed");
});

test("every requirement that a test is named after is in docs/security.md", () => {
  const known = new Set(rows.map(({ id }) => id));
  const unknown = [...files].flatMap(([file, tests]) =>
    tests.filter(({ ids }) => ids.some((id) => !known.has(id))).map(({ name }) => `${file}: ${name}`),
  );
  assert.deepEqual(unknown, [], "tests of requirements that the page does not have");
});

test("every requirement that the advisories of docs/security.md name is a row of the page", () => {
  const known = new Set(rows.map(({ id }) => id));
  const named = readAdvisories(page);
  assert.ok(named.length > 40);
  assert.deepEqual(
    named.filter((ids) => ids.length === 0 || ids.some((id) => !known.has(id))),
    [],
  );
});

test("every row of docs/security.md is there once, and has a test or the reason why it has none", () => {
  const ids = rows.map(({ id }) => id);
  assert.deepEqual(ids, [...new Set(ids)]);
  assert.deepEqual(
    rows.filter((row) => !isAccountedFor(row)).map(({ id }) => id),
    [],
  );
});

test("a row is open exactly where a test that is named after it is still to do", () => {
  const unkept = [...files.values()].flatMap((tests) => tests.filter(({ isTodo }) => isTodo).flatMap(({ ids }) => ids));
  const open = rows.filter(({ state }) => state === "open").map(({ id }) => id);
  assert.deepEqual(open.sort(), [...new Set(unkept)].sort());
});

test("docs/security.md counts its own requirements rightly", () => {
  const requirements = rows.filter(({ id }) => !id.startsWith("R"));
  const count = (state: Row["state"]) => requirements.filter((row) => row.state === state).length;
  assert.deepEqual(readCounts(page), {
    all: requirements.length,
    held: count("held"),
    open: count("open"),
    leftOut: count("left out"),
    pending: count("pending"),
  });
});

test("the names of tests are read as they are written, with … for what is filled in at run time", () => {
  // In pieces, because this file is read like any other.
  const source = [
    "test" + '("A1, B2: a \\"quoted\\" name", () => {});',
    "describe" + "(`C3: of $" + "{JSON.stringify({ a: 1 })} and $" + "{b}`, { todo: true }, () => {});",
    'const check = { name: "no id: at all" };',
  ].join("\n");
  assert.deepEqual(testsIn(source), [
    { name: 'A1, B2: a "quoted" name', ids: ["A1", "B2"], isTodo: false },
    { name: "C3: of … and …", ids: ["C3"], isTodo: true },
    { name: "no id: at all", ids: [], isTodo: false },
  ]);
});

function isAccountedFor({ state, tests, reason }: Row): boolean {
  if (state === "held" || state === "open") return tests.length > 0;
  return state === "left out" ? reason.length > 10 : !MUST_BE_COMPLETE;
}
