// Checks of `adapterSuite`: redirects and responses that a handler throws.

import assert from "node:assert/strict";
import { type AdapterCheck, withServer } from "./adapter-server.ts";

const CASES: readonly [status: number, data: string][] = [
  [303, '{"username":"anna","kept":1}'],
  [404, '{"username":"anna","kept":1}'],
  [409, '{"username":"anna","kept":1}'],
  [500, '{"username":"anna"}'],
  [503, '{"username":"anna"}'],
];

export const thrownChecks: readonly AdapterCheck[] = [
  {
    name: "thrown redirects and responses: a redirect after a sign-in goes out as it is, with the new token",
    run: (start) =>
      withServer(start, {}, async ({ send }) => {
        const { status, header } = await send("POST", "/login/thrown");
        assert.deepEqual([status, header("location")], [303, "/profile"]);
        const token = header("x-session-token") as string;
        assert.equal((await send("GET", "/profile", { token })).status, 200);
      }),
  },
  ...CASES.map(
    ([status, data]): AdapterCheck => ({
      name: `thrown redirects and responses: one with status ${status} keeps its status, and ${status < 500 ? "what was written" : "nothing"}`,
      run: (start) =>
        withServer(start, {}, async ({ send, signIn }) => {
          const token = await signIn();
          assert.equal((await send("POST", `/thrown?status=${status}`, { token })).status, status);
          assert.equal((await send("GET", "/data", { token })).text, data);
        }),
    }),
  ),
];
