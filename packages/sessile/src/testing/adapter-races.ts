// Checks of `adapterSuite`: overlapping requests, and the moment at which a response may leave.

import assert from "node:assert/strict";
import { type AdapterCheck, all, cookieOf, cookieOnly, withServer } from "./adapter-server.ts";

const PARALLEL = 20;

export const raceChecks: readonly AdapterCheck[] = [
  {
    name: "F4: parallel requests that add one to a counter lose nothing",
    run: (start) =>
      withServer(start, {}, async ({ send, signIn }) => {
        const token = await signIn({});
        const answers = await all(PARALLEL, () => send("POST", "/count", { token }));
        assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]));
        assert.equal((JSON.parse((await send("GET", "/data", { token })).text) as { count: number }).count, PARALLEL);
      }),
  },
  {
    name: "F4: parallel requests that write a key each keep every key",
    run: (start) =>
      withServer(start, {}, async ({ send, signIn }) => {
        const token = await signIn();
        await all(PARALLEL, (index) => send("POST", `/key?name=key${index}`, { token }));
        const keys = Object.fromEntries(Array.from({ length: PARALLEL }, (_, index) => [`key${index}`, 1]));
        assert.deepEqual(JSON.parse((await send("GET", "/data", { token })).text), { username: "anna", ...keys });
      }),
  },
  ...(["header", "cookie"] as const).map(
    (transport): AdapterCheck => ({
      name: `F3: a sign-out during a slow request by ${transport} holds: the token is dead, the store empty, nothing is sent`,
      run: (start) =>
        withServer(start, {}, async ({ send, signIn, manager, probes }) => {
          const token = await signIn();
          const slow = send("POST", "/slow", transport === "header" ? { token } : { cookie: cookieOf(token) });
          await Promise.race([probes.slow.reached, slow]);
          await send("POST", "/logout", { token });
          probes.slow.open();
          const { status, cookies, header } = await slow;
          assert.deepEqual([status, cookies, header("x-session-token")], [200, [], undefined]);
          assert.equal((await send("GET", "/profile", { token })).status, 401);
          assert.equal((await manager.stats()).sessions, 0);
        }),
    }),
  ),
  {
    name: "F3: a sign-in during a slow request holds: the slow response leaves the new cookie alone",
    run: (start) =>
      withServer(start, { transports: cookieOnly() }, async ({ send, signIn, probes }) => {
        const before = await signIn();
        const slow = send("POST", "/slow", { cookie: cookieOf(before) });
        await Promise.race([probes.slow.reached, slow]);
        const after = await signIn({ cookie: cookieOf(before) });
        probes.slow.open();
        assert.deepEqual((await slow).cookies, []);
        assert.equal((await send("GET", "/data", { cookie: cookieOf(before) })).status, 401);
        assert.equal((await send("GET", "/data", { cookie: cookieOf(after) })).text, '{"username":"anna"}');
      }),
  },
  {
    name: "a client that leaves before the answer does no harm, and what its request wrote is stored",
    run: (start) =>
      withServer(start, {}, async ({ send, signIn, probes, store }) => {
        const token = await signIn();
        const client = new AbortController();
        const left = send("POST", "/slow", { token, signal: client.signal });
        await Promise.race([probes.slow.reached, left]);
        client.abort();
        await assert.rejects(left);
        await send("GET", "/public"); // the server has read the abort by now
        const committing = store.pause("commit");
        probes.slow.open();
        await committing.reached;
        committing.open();
        assert.equal((await send("GET", "/data", { token })).text, '{"username":"anna","slow":1}');
      }),
  },
  {
    name: "D1: signing in again ends the session that was presented, and the new one starts empty",
    run: (start) =>
      withServer(start, {}, async ({ send, signIn }) => {
        const before = await signIn();
        await send("POST", "/key?name=mine", { token: before });
        const login = await send("POST", "/login?user=bob", { token: before });
        const after = login.header("x-session-token") as string;
        assert.equal((await send("GET", "/profile", { token: before })).status, 401);
        assert.equal((await send("GET", "/data", { token: after })).text, '{"username":"bob"}');
      }),
  },
  {
    name: "what is read right after a redirect is there",
    run: (start) =>
      withServer(start, {}, async ({ send }) => {
        const redirect = await send("POST", "/login/redirect");
        assert.deepEqual([redirect.status, redirect.header("location")], [303, "/profile"]);
        const token = redirect.header("x-session-token") as string;
        assert.equal((await send("GET", "/profile", { token })).status, 200);
      }),
  },
  ...["/key?name=a", "/big", "/rotate"].map(
    (path): AdapterCheck => ({
      name: `no byte of the response of ${path} leaves before the store has confirmed`,
      run: (start) =>
        withServer(start, {}, async ({ send, signIn, store }) => {
          const token = await signIn();
          const gate = store.pause("commit");
          let hasLeft = false;
          const onHead = (): void => {
            hasLeft = true;
          };
          const response = send("POST", path, { token, onHead });
          await Promise.race([gate.reached, response]);
          for (let trips = 0; trips < 3; trips++) await send("GET", "/public"); // had it left, it would be here by now
          assert.equal(hasLeft, false);
          gate.open();
          assert.equal((await response).status, 200);
        }),
    }),
  ),
  ...(["a value is set", "a touch is due"] as const).map(
    (cause): AdapterCheck => ({
      name: `a guard that answers keeps the handler from running, also while the store is slow because ${cause}`,
      run: (start) =>
        withServer(start, { touch: "before" }, async ({ send, signIn, store, clock, probes }) => {
          const token = await signIn();
          clock.advance(61_000);
          const gate = store.pause("commit");
          const refused = send("POST", cause === "a value is set" ? "/own-guard?set=yes" : "/own-guard", { token });
          await Promise.race([gate.reached, refused]);
          for (let trips = 0; trips < 3; trips++) await send("GET", "/public"); // the handler would have run by now
          gate.open();
          const { status, text } = await refused;
          assert.deepEqual([status, text, probes.guardedRuns], [403, '{"detail":"No"}', 0]);
          assert.equal((await send("POST", "/own-guard?pass=yes", { token })).status, 200);
          assert.equal(probes.guardedRuns, 1);
        }),
    }),
  ),
  {
    name: "the first chunk of a live body arrives before the second is made, once the session is stored",
    run: (start) =>
      withServer(start, {}, async ({ send, signIn, store, probes }) => {
        const token = await signIn();
        const committing = store.pause("commit");
        let arrived = "";
        const onChunk = (chunk: Buffer): void => {
          arrived += chunk.toString();
        };
        const response = send("POST", "/live", { token, onChunk });
        await Promise.race([committing.reached, response]);
        assert.equal(arrived, "");
        committing.open();
        for (let trips = 0; trips < 100 && arrived === ""; trips++) await send("GET", "/public");
        assert.equal(arrived, "data: 1\n\n");
        probes.live.open();
        assert.equal((await response).text, "data: 1\n\ndata: 2\n\n");
      }),
  },
  {
    name: "D5: a rotation hands the new token out, and the old one goes on for its grace",
    run: (start) =>
      withServer(start, {}, async ({ send, signIn, clock }) => {
        const before = await signIn();
        const after = (await send("POST", "/rotate", { token: before })).header("x-session-token") as string;
        assert.notEqual(after, before);
        assert.equal((await send("GET", "/profile", { token: before })).status, 200);
        clock.advance(60_000);
        assert.equal((await send("GET", "/profile", { token: after })).status, 200);
        assert.equal((await send("GET", "/profile", { token: before })).status, 401);
      }),
  },
];
