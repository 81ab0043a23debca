// Loads the bundles of all entry points in a folder without any other package, and uses those that need no other
// program. Arguments: the names of the entry points; the bundle of the nth is n.mjs.
import assert from "node:assert/strict";

const bundles = {};
for (const [at, name] of process.argv.slice(2).entries()) {
  bundles[name] = await import(`./${at}.mjs`);
  for (const [key, value] of Object.entries(bundles[name])) assert.notEqual(value, undefined, `${name}: ${key}`);
}

const { sampleRecord } = bundles["sessile/testing"];
const { sqliteStore } = bundles["sessile/sqlite"];
const { headerTransport, memoryStore, SessionManager } = bundles.sessile;

for (const open of [() => memoryStore(), () => sqliteStore({ path: "entries.db" })]) {
  const store = open();
  const record = sampleRecord();
  assert.equal((await store.create(record)).status, "created");
  assert.equal((await store.commit(record.sid, { at: record.createdAt, set: { k: 1 } }, record)).status, "ok");
  assert.equal((await store.load(record.sid)).version, 2);
  await store.close();
}

const manager = new SessionManager({ store: memoryStore(), transports: [headerTransport()] });
const { withSession } = bundles["sessile/web"];
const answer = withSession(manager, async (_request, session) => {
  if (!session.isSignedIn()) await session.signIn("anna");
  return new Response(session.userId);
});
const first = await answer(new Request("http://localhost/"));
assert.match(first.headers.get("x-session-token"), /^ses_/);
assert.equal(await first.text(), "anna");
