// Former sessions that cannot be had: who is nobody, and who has to hear that the store failed. The rest is tested with a real
// application of express-session, beside `sessile import`.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import { memoryStore, SessionError, type SessionErrorCode, type SessionStore } from "sessile";
import { formerRecord, formerSessions } from "sessile/express-session";

const SECRET = "the secret of the former application";
const ID = "an-id-of-the-former-application";
const signature = createHmac("sha256", SECRET).update(ID).digest("base64").replace(/=+$/, "");
const COOKIES = `connect.sid=${encodeURIComponent(`s:${ID}.${signature}`)}`;

function recordOf(data: string) {
  return { ...formerRecord(ID, { userId: "42", data: {} }, Date.now(), Date.now() + 3_600_000), data };
}

function failing(code: SessionErrorCode): SessionStore {
  return new Proxy(memoryStore(), {
    get: (target, name) =>
      name === "load" ? () => Promise.reject(new SessionError(code, "no")) : Reflect.get(target, name),
  });
}

test("G2: a former session whose record cannot be read is none", async () => {
  assert.equal(await formerSessions({ store: failing("ERR_SESSION_RECORD"), secret: SECRET }).take(COOKIES), null);
});

test("G2: a former session whose data cannot be read is none, and is gone", async () => {
  const store = memoryStore();
  await store.create(recordOf("[]"));
  const former = formerSessions({ store, secret: SECRET });
  assert.equal(await former.take(COOKIES), null);
  assert.deepEqual((await store.stats()).sessions, 0);
});

test("P1: that the store does not answer is no answer to whose session it was", async () => {
  const { take } = formerSessions({ store: failing("ERR_SESSION_STORE"), secret: SECRET });
  await assert.rejects(take(COOKIES), { code: "ERR_SESSION_STORE" });
});

test("a former session that can be read is taken, once", async () => {
  const store = memoryStore();
  await store.create(recordOf('{"cart":["a-12"]}'));
  const { take } = formerSessions({ store, secret: SECRET });
  const taken = await take(COOKIES);
  assert.deepEqual([taken?.userId, { ...taken?.data }], ["42", { cart: ["a-12"] }]);
  assert.equal(await take(COOKIES), null);
});
