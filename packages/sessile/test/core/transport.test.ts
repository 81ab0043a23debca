// Several transports at once: which token counts, and what contradicts itself.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { bearerTransport, cookieTransport, headerTransport, type SessionError } from "sessile";
import type { SessionRequest, SessionTransport } from "sessile/adapter";
import { formatToken, newSecret, newSid } from "#dist/core/token.js";
import { readCredential as read } from "#dist/core/transport.js";
import { Bench, requestWith } from "../support/requests.ts";

const transports = [headerTransport(), bearerTransport(), cookieTransport()];
const readCredential = (from: readonly SessionTransport[], request: SessionRequest) => read(from, request, "ses_");
const [A, B] = [token(), token()];

function token(): string {
  return formatToken("ses_", { sid: newSid(), secret: newSecret() });
}

const CARRIERS: Readonly<Record<string, (token: string) => Readonly<Record<string, string>>>> = {
  header: (token) => ({ "x-session-token": token }),
  bearer: (token) => ({ authorization: `Bearer ${token}` }),
  cookie: (token) => ({ cookie: `__Host-session=${token}` }),
};

const TWICE: Readonly<Record<string, (a: string, b: string) => Readonly<Record<string, string>>>> = {
  header: (a, b) => ({ "x-session-token": `${a}, ${b}` }),
  bearer: (a, b) => ({ authorization: `Bearer ${a}, Bearer ${b}` }),
  cookie: (a, b) => ({ cookie: `__Host-session=${a}; __Host-session=${b}` }),
};

describe("readCredential", () => {
  for (const [first, carryFirst] of Object.entries(CARRIERS)) {
    test(`reads a token from ${first}`, () => {
      const credential = readCredential(transports, requestWith(carryFirst(A)));
      assert.deepEqual([credential?.token, credential?.transport.name], [A, first]);
    });

    for (const [second, carrySecond] of Object.entries(CARRIERS)) {
      if (first === second) continue;
      test(`B4: refuses different tokens in ${first} and ${second}, and takes equal ones for one`, () => {
        const different = requestWith({ ...carryFirst(A), ...carrySecond(B) });
        const error = (thrown: Error & { code: string; statusCode: number }): boolean => {
          assert.deepEqual([thrown.code, thrown.statusCode], ["ERR_SESSION_CREDENTIALS", 400]);
          assert.match(thrown.message, new RegExp(`\`${first}\``));
          assert.match(thrown.message, new RegExp(`\`${second}\``));
          return true;
        };
        assert.throws(() => readCredential(transports, different), error);
        assert.throws(() => readCredential([...transports].reverse(), different), error);
        assert.equal(readCredential(transports, requestWith({ ...carryFirst(A), ...carrySecond(A) }))?.token, A);
      });
    }
  }

  for (const [name, carry] of Object.entries(TWICE)) {
    test(`B4: refuses two different tokens in ${name}, and takes two equal ones for one`, () => {
      assert.throws(() => readCredential(transports, requestWith(carry(A, B))), {
        code: "ERR_SESSION_CREDENTIALS",
        message: new RegExp(`twice through \`${name}\``),
      });
      assert.equal(readCredential(transports, requestWith(carry(A, A)))?.token, A);
    });
  }

  test("finds nothing where nothing is, and only looks where a transport does", () => {
    assert.equal(readCredential(transports, requestWith()), null);
    assert.equal(
      readCredential(transports, requestWith({ "x-session-token": "", authorization: "", cookie: "__Host-session=" })),
      null,
    );
    assert.equal(
      readCredential([headerTransport()], requestWith({ ...CARRIERS["bearer"]?.("A"), ...CARRIERS["cookie"]?.("B") })),
      null,
    );
    assert.equal(readCredential(transports, requestWith({ authorization: "Basic eDp5" })), null);
  });

  for (const nothing of ["undefined", "null", "[object Object]", "a b", "NaN", `${A}x`, A.toLowerCase(), "ey.Jh.bG"]) {
    test(`a header with ${nothing} is no credential beside a good one, wherever that is`, () => {
      for (const [name, carry] of Object.entries(CARRIERS)) {
        for (const other of [CARRIERS["header"], CARRIERS["bearer"]]) {
          const request = requestWith({ ...other?.(nothing), ...carry(A) });
          for (const order of [transports, [...transports].reverse()]) {
            const credential = readCredential(order, request);
            assert.deepEqual([credential?.token, credential?.transport.name], [A, name]);
          }
        }
        for (const both of [TWICE[name]?.(nothing, A), TWICE[name]?.(A, nothing)]) {
          const read = () => readCredential(transports, requestWith(both));
          assert.throws(read, { code: "ERR_SESSION_CREDENTIALS" }, `twice in ${name}`);
        }
      }
    });
  }

  test("text that is no token counts as presented where there is nothing else", () => {
    const request = requestWith({ "x-session-token": "undefined", authorization: "Bearer null" });
    assert.equal(readCredential(transports, request)?.transport.name, "bearer");
  });
});

test("B4: a contradiction reaches no store and ends no session", async () => {
  const bench = new Bench({ transports });
  const { issued } = await bench.send(null, (session) => session.signIn("ann"));
  const token = issued as string;
  bench.spied.take();
  const request = requestWith({ "x-session-token": token, cookie: `__Host-session=${A}` });
  await assert.rejects(
    async () => bench.manager.open(request),
    (error: SessionError) => error.code === "ERR_SESSION_CREDENTIALS" && !error.message.includes(token),
  );
  assert.deepEqual(bench.spied.take(), {});
  assert.equal(await bench.userOf(token), "ann");
});

test("B5: a token in the URL is none", async () => {
  const bench = new Bench({ transports });
  const token = await bench.signIn();
  for (const path of [`/?token=${token}`, `/;x-session-token=${token}`, `/?access_token=${token}`, `/${token}`]) {
    const { session } = await bench.manager.open(requestWith({ "content-type": "text/plain" }, { path }));
    assert.deepEqual([session.userId, session.hasCredential], [null, false]);
  }
});

test("the transport that carried the token carries the next one; without one, the first does", async () => {
  const bench = new Bench({ transports });
  const answers = async (headers: Readonly<Record<string, string>>): Promise<string[]> => {
    const { session, commit } = await bench.manager.open(requestWith(headers));
    const lines: string[] = [];
    await session.signIn("ann");
    await commit(200, { get: () => undefined, set: (name) => lines.push(name), append: (name) => lines.push(name) });
    return lines.filter((name) => name !== "cache-control" && name !== "vary");
  };
  assert.deepEqual(await answers({}), ["x-session-token"]);
  assert.deepEqual(await answers(CARRIERS["header"]?.("x") ?? {}), ["x-session-token"]);
  assert.deepEqual(await answers(CARRIERS["bearer"]?.("x") ?? {}), ["x-session-token"]);
  assert.deepEqual(await answers(CARRIERS["cookie"]?.("x") ?? {}), ["set-cookie"]);
});
