// D9 in the file: what is written together, and what tells one state of a user from the next.

import assert from "node:assert/strict";
import { test } from "node:test";
import { testClock } from "sessile/testing";
import { openUserFile } from "#dist/identity/users/user-file.js";
import { type User, UserStore } from "#dist/identity/users/user-store.js";
import { freshUserFile } from "../sign-in/sign-in-app.ts";

function open(path = freshUserFile()) {
  const clock = testClock();
  const file = openUserFile(path, { synchronous: "NORMAL" });
  const users = new UserStore(file, clock.now);
  const find = (name: string): User => users.find(name) ?? assert.fail(name);
  return { clock, file, users, find };
}

test("a name is taken once, and free again after the removal; the id never comes back", () => {
  const { users, find } = open();
  const ids = new Set<number>();
  for (let i = 0; i < 50; i++) {
    assert.equal(users.add("alice", "hash"), true);
    assert.equal(users.add("alice", "other"), false);
    const user = find("alice");
    assert.ok(user.id > 1 && Number.isSafeInteger(user.id), "1 is the demo's");
    ids.add(user.id);
    users.remove(user);
  }
  assert.equal(ids.size, 50);
});

test("D9: a new password, disabling and removing each leave an ending; enabling and a renewed hash leave none", () => {
  const { users, find } = open();
  users.add("alice", "hash");
  users.rehash(find("alice"), "renewed");
  users.enable(find("alice"));
  assert.equal(users.endings.due("").length, 0);
  users.changePassword(find("alice"), "new");
  users.disable(find("alice"));
  const { id } = find("alice");
  users.remove(find("alice"));
  assert.deepEqual(
    users.endings.due("").map(({ userId }) => userId),
    [id, id, id],
  );
  for (const ending of users.endings.due("")) users.endings.finish(ending);
  assert.equal(users.endings.due("").length, 0);
});

test("D9: an ending that is crossed off takes no later one of the same user with it", () => {
  const { users, find } = open();
  users.add("alice", "hash");
  const first = users.changePassword(find("alice"), "one");
  users.disable(find("alice"));
  users.endings.finish(first?.ending ?? assert.fail());
  assert.equal(users.endings.storesOf(find("alice").id).length, 1);
});

test("D9: within one millisecond, and with a clock that goes back, every password is told from the one before", () => {
  const { users, find, clock } = open();
  users.add("alice", "hash");
  for (const step of [0, 0, -1000, 5]) {
    clock.advance(step);
    const before = find("alice");
    assert.ok(users.changePassword(before, "new"));
    assert.equal(users.isCurrent(before), false);
    assert.equal(users.changePassword(before, "late"), null, "who read an older state changes nothing");
    assert.equal(users.isCurrent(find("alice")), true);
  }
});

test("a hash is renewed only over the one that it was made from", () => {
  const { users, find } = open();
  users.add("alice", "old");
  const before = find("alice");
  users.changePassword(before, "new");
  users.rehash(before, "old password, renewed");
  assert.equal(find("alice").password, "new");
});

test("D9: a change whose transaction fails leaves nothing of itself", () => {
  const { users, find, file } = open();
  users.add("alice", "hash");
  file.exec("DROP TABLE sessile_endings");
  assert.throws(() => users.disable(find("alice")));
  assert.equal(find("alice").isDisabled, false);
});
