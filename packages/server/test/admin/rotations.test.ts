// When sessions were given new tokens: what the admin page tells of that, and what it keeps.

import assert from "node:assert/strict";
import { join } from "node:path";
import { after, test } from "node:test";
import { sampleRecord, testClock } from "sessile/testing";
import { temporaryFolder } from "sessile-test-support/folder";
import { MOST_ROTATIONS, Rotations } from "#dist/admin/rotations.js";
import { EventFeed } from "#dist/metrics/event-feed.js";
import { makeUserFile, openUserFile } from "#dist/users/user-file.js";
import { startAdminApp } from "./admin-app.ts";

function openTwice() {
  const path = join(temporaryFolder(), "users.db");
  makeUserFile(path);
  const clock = testClock();
  return [1, 2].map(() => {
    const [file, feed] = [openUserFile(path, { synchronous: "NORMAL" }), new EventFeed(clock.now)];
    const rotate = (sid: string): number => {
      clock.advance(1);
      feed.add({ event: "rotated", outcome: "success", actor: "user:1", sid });
      return clock.now();
    };
    return { file, rotate, rotations: new Rotations(file, feed) };
  });
}

test("every rotation of a session is kept, newest first, whichever process saw it, and after a restart", () => {
  const [first, second] = openTwice();
  assert.ok(first && second);
  const times = [first.rotate("a")];
  first.rotate("b");
  first.rotations.close();
  times.unshift(second.rotate("a"));
  assert.deepEqual(second.rotations.of("a", 10), times);
  assert.deepEqual(second.rotations.of("a", 1), times.slice(0, 1));
  assert.deepEqual(second.rotations.of("c", 10), []);
  assert.deepEqual(new Rotations(first.file, new EventFeed()).of("a", 10), times);
  for (const { file } of [first, second]) file.close();
});

test("of all rotations the last hundred thousand are kept", () => {
  const [only, other] = openTwice();
  assert.ok(only && other);
  only.rotate("old");
  const times = Array.from({ length: MOST_ROTATIONS }, () => only.rotate("new"));
  assert.deepEqual(only.rotations.of("old", 10), []);
  assert.deepEqual(only.rotations.of("new", 1), times.slice(-1));
  for (const { file } of [only, other]) file.close();
});

test("where the file cannot be written the rotation goes on, and is not kept", () => {
  const [only, other] = openTwice();
  assert.ok(only && other);
  only.file.exec("ALTER TABLE sessile_rotations RENAME TO elsewhere");
  only.rotate("a");
  only.rotations.close();
  for (const { file } of [only, other]) file.close();
});

test("a session's page tells of the last rotation always, since the record does", async () => {
  const app = await startAdminApp({ after });
  const operator = await app.operator();
  const createdAt = Date.now() - 5000;
  const [fresh, rotated] = [createdAt, createdAt + 1000].map((rotatedAt) => sampleRecord({ createdAt, rotatedAt }));
  for (const record of [fresh, rotated]) {
    assert.ok(record);
    await app.store.create(record);
    const { body } = await operator.ask("GET", `/session?sid=${record.sid}`);
    assert.deepEqual(body.rotations, record === fresh ? [] : [createdAt + 1000]);
  }
});
