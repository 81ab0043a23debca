// L6: the entries that the audit keeps. A client that causes many entries cannot displace those that matter.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { AuditAction, AuditOutcome } from "#dist/console/api.js";
import { AuditLog, MOST_COMINGS, MOST_ENTRIES } from "#dist/console/audit-log.js";
import { openUserFile } from "#dist/identity/users/user-file.js";
import { freshUserFile, PASSWORD } from "../sign-in/sign-in-app.ts";
import { PageClient, startAdminApp } from "./admin-app.ts";

function open() {
  const file = openUserFile(freshUserFile(), { synchronous: "NORMAL" });
  const audit = new AuditLog(file);
  const fill = (count: number, actor: string, action: AuditAction, outcome: AuditOutcome): void => {
    const sql = "INSERT INTO sessile_audit (at, actor, action, target, outcome) VALUES (1, ?, ?, '', ?)";
    const insert = file.prepare(sql);
    file.exec("BEGIN");
    for (let i = 0; i < count; i++) insert.run(actor, action, outcome);
    file.exec("COMMIT");
    audit.add({ actor, action, target: "", outcome });
  };
  const counts = (): Record<string, number> => {
    const rows = file.prepare("SELECT actor, count(*) AS n FROM sessile_audit GROUP BY actor").all();
    return Object.fromEntries((rows as { actor: string; n: number }[]).map(({ actor, n }) => [actor, n]));
  };
  return { audit, fill, counts };
}

test("L6: ten thousand refusals and sign-ins of one user push out nothing that others did", () => {
  const { audit, fill, counts } = open();
  audit.add({ actor: "root", action: "endUser", target: "alice", outcome: "done" });
  fill(MOST_ENTRIES, "bob", "signIn", "refused");
  fill(MOST_ENTRIES, "carol", "confirm", "done");
  fill(MOST_ENTRIES, "dan", "signOut", "refused");
  assert.deepEqual(counts(), { root: 1, bob: MOST_COMINGS, carol: MOST_COMINGS, dan: MOST_COMINGS });
  assert.equal(audit.page(1000).at(-1)?.action, "endUser");
});

test("L6: of acts the newest are kept, however many came and went meanwhile", () => {
  const { audit, fill, counts } = open();
  fill(10, "bob", "signIn", "refused");
  fill(MOST_ENTRIES + 5, "root", "endSession", "done");
  assert.deepEqual(counts(), { bob: 11, root: MOST_ENTRIES });
  fill(0, "bob", "signIn", "refused");
  assert.deepEqual(counts(), { bob: 12, root: MOST_ENTRIES });
  assert.equal(audit.page(1)[0]?.actor, "bob");
});

test("L6: a user without the right who signs in again and again leaves the history of acts as it was", async (t) => {
  const app = await startAdminApp(t);
  const operator = await app.operator();
  await operator.ask("POST", "/end-user", { userId: "7", all: true });
  for (let i = 0; i < MOST_COMINGS + 20; i++) {
    const { status } = await new PageClient(app.url, "/admin/api").ask("POST", "/sign-in", {
      username: "bob",
      password: PASSWORD,
    });
    assert.equal(status, 403);
  }
  const entries: { actor: string; action: string }[] = [];
  for (let next: number | null = Number.MAX_SAFE_INTEGER; next !== null; ) {
    const { body } = await operator.ask("GET", `/audit?limit=100&before=${next}`);
    entries.push(...body.entries);
    next = body.next;
  }
  assert.equal(entries.filter(({ actor }) => actor === "bob").length, MOST_COMINGS);
  assert.ok(entries.some(({ action }) => action === "endUser"));
});
