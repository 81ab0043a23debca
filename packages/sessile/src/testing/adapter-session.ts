// Checks of `adapterSuite`: the session in a handler, which refuses writes that cannot be kept and shows no token.

import assert from "node:assert/strict";
import type { ClientResponse } from "./adapter-client.ts";
import { type AdapterCheck, withServer } from "./adapter-server.ts";

export const sessionChecks: readonly AdapterCheck[] = [
  {
    name: "`session.require()` refuses as the guard does, logs nothing, and returns the session of a signed-in user",
    run: (start) =>
      withServer(start, {}, async ({ send, signIn }) => {
        const logged = await logOf(async () => {
          for (const asked of [{}, { token: `ses_${"a".repeat(72)}` }]) {
            const [demanded, guarded] = [await send("GET", "/require", asked), await send("GET", "/profile", asked)];
            assert.equal(demanded.status, 401);
            assert.equal(demanded.text, '{"detail":"Not authenticated"}');
            assert.deepEqual(headersOf(demanded), headersOf(guarded));
          }
          const { status, text } = await send("GET", "/require", { token: await signIn() });
          assert.deepEqual([status, text], [200, '{"user":"anna"}']);
        });
        assert.deepEqual(logged, []);
      }),
  },
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

/** All headers but those by which a host says where the body ends. */
function headersOf({ rawHeaders }: ClientResponse): string[] {
  return rawHeaders.filter((line) => !/^(?:content-length|transfer-encoding):/i.test(line)).sort();
}

/** The lines that are written to the standard error stream, or with `console.error`, while `run` runs. */
async function logOf(run: () => Promise<void>): Promise<string[]> {
  const lines: string[] = [];
  const { error } = console;
  const { write } = process.stderr;
  const keep = (...args: unknown[]): true => {
    lines.push(String(args[0]));
    return true;
  };
  Object.assign(process.stderr, { write: keep });
  console.error = keep;
  try {
    await run();
  } finally {
    Object.assign(process.stderr, { write });
    console.error = error;
  }
  return lines;
}
