// D: the effects of a sign-in, and the endings it causes, on every store. Without one, no client is a user.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { all, sidOf } from "../support/requests.ts";
import { STORES } from "./every-store.ts";
import { nodeOn, signIn, TRANSPORTS, userOf, visit } from "./node.ts";

/** Data that a half-finished sign-up or password reset might leave in a session, and worse. */
const PUZZLING = { userId: "ann", user: "ann", isAdmin: true, authenticatedAt: 1, resetFor: "ann", secretDigest: "x" };

for (const { name, open } of STORES) {
  describe(`on ${name}`, () => {
    test(`D1, D2: on ${name}, a client that signs in with a planted or another user's token gets a new one and an empty session`, async () => {
      const place = await open();
      const [here, there] = [nodeOn(await place.connect(), Date.now), nodeOn(await place.connect(), Date.now)];
      const planted = (await visit(here, null, (session) => session.set("cart", 1))) as string;
      const anothers = await signIn(there, "mallory", { cart: 1, isAdmin: true });
      for (const presented of [planted, anothers]) {
        const token = (await visit(here, presented, (session) => session.signIn("ann"))) as string;
        assert.notEqual(sidOf(token), sidOf(presented));
        for (const transport of TRANSPORTS) assert.equal(await userOf(there, presented, transport), null);
        await visit(there, presented, (session) => assert.deepEqual([session.sid, session.keys()], [null, []]));
        await visit(there, token, (session) => assert.deepEqual([session.userId, session.keys()], ["ann", []]));
      }
    });

    test(`D3: on ${name}, a sign-in that fails leaves the session that came with it as it was, deadline included`, async () => {
      let now = Date.now();
      const store = await (await open()).connect();
      const node = nodeOn(store, () => now);
      const token = await signIn(node, "ann", { cart: 1 });
      const before = await store.load(sidOf(token));
      now += 10 * 60_000;
      const issued = await visit(node, token, (session) => session.notActivity());
      assert.equal(issued, undefined);
      assert.deepEqual({ ...(await store.load(sidOf(token))) }, { ...before });
      assert.equal(await userOf(node, token), "ann");
    });

    test(`D4, G5: on ${name}, no data of an anonymous session makes it a user's`, async () => {
      const store = await (await open()).connect();
      const node = nodeOn(store, Date.now);
      const token = (await visit(node, null, (session) => {
        for (const [key, value] of Object.entries(PUZZLING)) session.set(key, value);
      })) as string;
      await visit(node, token, (session) => {
        assert.deepEqual([session.userId, session.authenticatedAt, session.isSignedIn()], [null, null, false]);
        assert.throws(() => session.requireFresh(60_000), { code: "ERR_SESSION_REQUIRED" });
      });
      const record = await store.load(sidOf(token));
      assert.deepEqual([record?.userId, record?.authenticatedAt], [null, null]);
      assert.deepEqual((await node.list("ann")).sessions, []);
    });

    test(`D9: on ${name}, revoking a user ends five sessions in both processes at once, and none that begins afterwards`, async () => {
      const place = await open();
      const now = Date.now(); // the same instant for everything: nothing may depend on what came first by the clock
      const [here, there] = [nodeOn(await place.connect(), () => now), nodeOn(await place.connect(), () => now)];
      const tokens = await all(5, (i) => signIn([here, there][i % 2] as typeof here));
      const bystander = await signIn(here, "bob");
      assert.equal(await here.revokeUser("ann"), 5);
      const next = await signIn(there);
      for (const node of [here, there]) {
        for (const token of tokens) assert.equal(await userOf(node, token), null);
        assert.deepEqual([await userOf(node, next), await userOf(node, bystander)], ["ann", "bob"]);
      }
    });
  });
}
