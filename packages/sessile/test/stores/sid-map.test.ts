// The map that the memory store walks.

import assert from "node:assert/strict";
import { test } from "node:test";
import { sampleRecord } from "sessile/testing";
import { SidMap } from "#dist/stores/sid-map.js";

function filled(count: number): { map: SidMap<string>; sids: string[] } {
  const map = new SidMap<string>();
  const sids = Array.from({ length: count }, () => sampleRecord().sid);
  for (const sid of sids) map.set(sid, sid);
  return { map, sids: sids.sort() };
}

test("what follows a sid is in the order of sids, wherever a shard begins", () => {
  const { map, sids } = filled(5000);
  assert.deepEqual(map.following("", 5000), sids);
  for (const place of [0, 1, 2500, 4998]) {
    assert.deepEqual(map.following(sids[place] as string, 7), sids.slice(place + 1, place + 8));
  }
  assert.deepEqual(map.following(sids.at(-1) as string, 7), []);
});

test("the size counts each sid once, and what is deleted is gone", () => {
  const { map, sids } = filled(10);
  map.set(sids[0] as string, "again");
  assert.equal(map.size, 10);
  for (const sid of [sids[0] as string, sids[0] as string, "unknown"]) map.delete(sid);
  assert.equal(map.size, 9);
  assert.equal(map.get(sids[0] as string), undefined);
  assert.equal([...map.entries()].length, 9);
  map.clear();
  assert.deepEqual([map.size, map.following("", 1)], [0, []]);
});

test("a walk of the entries may delete them on its way", () => {
  const { map } = filled(100);
  for (const [sid] of map.entries()) map.delete(sid);
  assert.equal(map.size, 0);
});

test("a walk of the entries misses none that stays, although others come on its way", () => {
  const { map, sids } = filled(1700);
  const seen = new Set<string>();
  const more = filled(3000).sids;
  for (const [sid] of map.entries()) {
    seen.add(sid);
    for (const sid of more.splice(0, 2)) map.set(sid, sid);
  }
  assert.equal(map.size, 4700);
  assert.deepEqual(
    sids.filter((sid) => !seen.has(sid)),
    [],
  );
});

test("a walk of the entries never shows a value that was replaced meanwhile", () => {
  const { map, sids } = filled(499);
  const walk = map.entries();
  walk.next();
  for (const sid of sids) map.set(sid, `new ${sid}`);
  for (const sid of filled(100).sids) map.set(sid, sid);
  for (const [, value] of walk) assert.ok(value.startsWith("new ") || !sids.includes(value), value);
});

test("what follows a sid, and each value, stay the same while the map grows and shrinks", () => {
  const map = new SidMap<string>();
  const { sids } = filled(20_000);
  for (const sid of sids) map.set(sid, sid);
  for (const sid of sids) assert.equal(map.get(sid), sid);
  assert.deepEqual(map.following("", 20_001), sids);
  const rest = sids.filter((sid, index) => index % 10 === 0 || void map.delete(sid));
  assert.deepEqual(map.following("", 20_001), rest);
  assert.deepEqual(new Set([...map.entries()].map(([, value]) => value)), new Set(rest));
});
