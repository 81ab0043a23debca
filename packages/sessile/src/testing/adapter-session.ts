// Checks of `adapterSuite`: the session in a handler, which refuses writes that cannot be kept and shows no token.

import assert from "node:assert/strict";
import { type AdapterCheck, withServer } from "./adapter-server.ts";

export const sessionChecks: readonly AdapterCheck[] = [
  {
    name: "a property written on the session is a 500 instead of being lost, and what was there stays",
    run: (start) =>
      withServer(start, {}, async ({ send, signIn }) => {
        const token = await signIn();
        for (const property of ["cart", "userId"]) {
          assert.equal((await send("POST", `/write?name=${property}`, { token })).status, 500, property);
        }
        assert.equal((await send("GET", "/data", { token })).text, '{"username":"anna"}');
      }),
  },
  {
    name: "the session in a log or an answer shows its sid, its user and its keys, and no token",
    run: (start) =>
      withServer(start, {}, async ({ send, signIn, manager }) => {
        const token = await signIn();
        const [{ sid } = { sid: "" }] = (await manager.list("anna")).sessions;
        const { status, text, header } = await send("GET", "/session", { token });
        const shown = { sid, userId: "anna", keys: ["username"] };
        assert.deepEqual([status, JSON.parse(text)], [200, { json: shown, isInspected: true, showsToken: false }]);
        assert.equal(header("cache-control"), "no-store");
      }),
  },
];
