// L2, L3, L5, I3: users see and end their own sessions, and no others.

import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import type { MintedSession } from "sessile/testing";
import { type AppUnderTest, startApp } from "../support/app.ts";
import { type Answer, call, profile } from "../support/client.ts";

interface Shown {
  readonly sid: string;
  readonly current: boolean;
}

let app: AppUnderTest;
let anna: MintedSession[];
let ben: MintedSession;
before(async () => {
  app = await startApp();
});
after(() => app?.close());

beforeEach(async () => {
  await app.manager.revokeUser("anna");
  await app.manager.revokeUser("ben");
  anna = [await app.mint("anna"), await app.mint("anna"), await app.mint("anna")];
  ben = await app.mint("ben");
});

const [first, second, third] = [() => session(0), () => session(1), () => session(2)];

function session(index: number): MintedSession {
  return anna[index] as MintedSession;
}

function ask(who: MintedSession | null, query = ""): Promise<Answer> {
  return call(app.url, "GET", `/me/sessions${query}`, who === null ? {} : { ...who.headers });
}

function end(who: MintedSession | null, which: object): Promise<Answer> {
  return call(app.url, "POST", "/me/sessions/end", who === null ? {} : { ...who.headers }, which);
}

async function list(who: MintedSession, query = ""): Promise<{ sessions: Shown[]; next: string | null }> {
  const { status, body } = await ask(who, query);
  assert.equal(status, 200);
  return body as { sessions: Shown[]; next: string | null };
}

async function alive(who: MintedSession): Promise<boolean> {
  return (await profile(app.url, who.token)).status === 200;
}

describe("GET /me/sessions", () => {
  test("L3: lists the user's own sessions, the present one marked, and no others", async () => {
    const { sessions, next } = await list(second());
    assert.deepEqual(new Set(sessions.map(({ sid }) => sid)), new Set(anna.map(({ sid }) => sid)));
    assert.deepEqual(
      sessions.filter(({ current }) => current).map(({ sid }) => sid),
      [second().sid],
    );
    assert.equal(next, null);
  });

  test("L2: shows of a session what its user may know, in UTC, and neither token nor digest nor data", async () => {
    const { headers, body } = await ask(first());
    const { sessions } = body as { sessions: object[] };
    for (const shown of sessions) {
      assert.deepEqual(Object.keys(shown), ["sid", "device", "created_at", "last_seen_at", "expires_at", "current"]);
      const { created_at, last_seen_at, expires_at } = shown as Record<string, string>;
      for (const at of [created_at, last_seen_at, expires_at]) assert.match(at as string, /^\d{4}-.*T.*\.\d{3}Z$/);
    }
    const text = JSON.stringify(body);
    for (const { token, sid } of anna) {
      assert.ok(!text.includes(token) && !text.includes(token.slice(26, 70)));
      const record = await app.store.load(sid);
      assert.ok(record !== null && !text.includes(record.secretDigest));
    }
    assert.equal(headers.get("cache-control"), "no-store");
  });

  test("L5: pages by a cursor, each session once", async () => {
    const seen: string[] = [];
    let next: string | null = "";
    while (next !== null) {
      const page: Awaited<ReturnType<typeof list>> = await list(first(), `?limit=1${next && `&after=${next}`}`);
      assert.ok(page.sessions.length <= 1);
      seen.push(...page.sessions.map(({ sid }) => sid));
      next = page.next;
    }
    assert.deepEqual(seen.toSorted(), anna.map(({ sid }) => sid).toSorted());
  });

  test("L5: ignores other parameters of a query", async () => {
    assert.deepEqual(await list(first(), "?utm_source=x"), await list(first()));
  });

  test("L5: a limit out of range or a cursor that no page gave out is refused", async () => {
    for (const query of ["limit=0", "limit=101", "limit=1e9", "limit=-1", "limit=x", "limit=1&limit=2", "limit="]) {
      assert.equal((await ask(first(), `?${query}`)).status, 422, query);
    }
    assert.equal((await ask(first(), `?after=${"x".repeat(101)}`)).status, 422);
    for (const cursor of ["x", "1.2", `1.${ben.sid}%00`, "*", "../ben"]) {
      assert.equal((await ask(first(), `?after=${cursor}`)).status, 400, cursor);
    }
  });

  test("L3: a cursor made from another user's session shows none of that user's", async () => {
    const record = await app.store.load(ben.sid);
    const { sessions } = await list(first(), `?after=${Number(record?.createdAt) - 1}.${ben.sid}`);
    for (const { sid } of sessions) assert.ok(anna.some((each) => each.sid === sid));
  });

  test("L7: sessions that ended are not listed", async () => {
    await app.manager.revoke(third().sid);
    assert.equal((await list(first())).sessions.length, 2);
  });
});

describe("POST /me/sessions/end", () => {
  test("L3: ends one own session at once, and leaves the others", async () => {
    const { status, body } = await end(first(), { sid: second().sid });
    assert.deepEqual([status, body], [200, { ended: 1 }]);
    assert.deepEqual([await alive(first()), await alive(second()), await alive(third())], [true, false, true]);
  });

  test("L3: ends the present session too", async () => {
    assert.deepEqual((await end(first(), { sid: first().sid })).body, { ended: 1 });
    assert.deepEqual([await alive(first()), await alive(second())], [false, true]);
  });

  test("L3: another user's session, an ended one and one that never was get the same answer, and nothing ends", async () => {
    await app.manager.revoke(third().sid);
    const answers = [];
    const forged = ["0".repeat(22), "x", " ", "../..", "..", "%zz", "\0", "null", "*", "others", ben.token];
    for (const sid of [ben.sid, third().sid, ...forged]) {
      const { status, body, headers } = await end(first(), { sid });
      answers.push(JSON.stringify([status, body]));
      assert.equal(headers.get("set-cookie"), null);
    }
    assert.deepEqual([...new Set(answers)], ['[404,{"detail":"Not Found"}]']);
    assert.deepEqual([await alive(ben), await alive(first()), await alive(second())], [true, true, true]);
  });

  test("others ends all own sessions but the present one", async () => {
    assert.deepEqual((await end(first(), { others: true })).body, { ended: 2 });
    assert.deepEqual([await alive(first()), await alive(second()), await alive(ben)], [true, false, true]);
    assert.deepEqual((await end(first(), { others: true })).body, { ended: 0 });
  });

  test("all ends all own sessions, the present one included", async () => {
    assert.deepEqual((await end(first(), { all: true })).body, { ended: 3 });
    assert.deepEqual([await alive(first()), await alive(second()), await alive(ben)], [false, false, true]);
  });

  test("a body that says nothing, two things or no is refused, as is a query, and nothing ends", async () => {
    const { sid } = second();
    for (const which of [
      {},
      { sid: undefined },
      { sid: "" },
      { sid: 1 },
      { sid: [sid] },
      { all: false },
      { all: 1 },
      { all: "true" },
      { others: null },
      { sid, all: true },
      { sid, others: true },
      { others: true, all: true },
      { sid, more: 1 },
      [],
    ])
      assert.equal((await end(first(), which)).status, 422, JSON.stringify(which));
    const headers = { ...first().headers };
    assert.equal((await call(app.url, "POST", `/me/sessions/end?sid=${sid}`, headers, { all: true })).status, 422);
    for (const [method, path] of [
      ["POST", "/me/sessions/end"],
      ["DELETE", "/me/sessions"],
      ["DELETE", "/me/sessions/"],
      ["DELETE", `/me/sessions/${sid}`],
      ["DELETE", "/me/sessions/others"],
    ] as const)
      assert.ok((await call(app.url, method, path, headers)).status >= 400, path);
    assert.deepEqual([await alive(first()), await alive(second()), await alive(third())], [true, true, true]);
  });

  test("a cookie of the present session is cleared when that session is among the ended ones", async () => {
    const { cookieTransport } = await import("sessile");
    const other = await startApp({ manager: { transports: [cookieTransport()] } });
    try {
      for (const which of [(_sid: string) => ({ all: true }), (sid: string) => ({ sid })]) {
        const { headers, sid } = await other.mint("anna");
        const answer = await call(other.url, "POST", "/me/sessions/end", { ...headers }, which(sid));
        assert.match(answer.headers.get("set-cookie") ?? "", /^__Host-[^=]+=; .*Max-Age=0/i);
      }
    } finally {
      await other.close();
    }
  });
});

test("without a session every call is a 401 and ends nothing", async () => {
  for (const headers of [{}, { "X-Session-Token": "x" }, { "X-Session-Token": first().sid }] as Record<
    string,
    string
  >[]) {
    const answers = [await call(app.url, "GET", "/me/sessions", headers)];
    for (const which of [{ all: true }, { others: true }, { sid: first().sid }])
      answers.push(await call(app.url, "POST", "/me/sessions/end", headers, which));
    for (const { status, body } of answers)
      assert.deepEqual([status, body], [401, { detail: "Not authenticated" }], JSON.stringify(headers));
  }
  assert.ok(await alive(first()));
});

test("P1: a store that does not answer is a 503 with Retry-After for every call", async () => {
  for (const [failing, send] of [
    ["list", () => ask(first())],
    ["delete", () => end(first(), { sid: second().sid })],
    ["deleteByUser", () => end(first(), { all: true })],
  ] as const) {
    app.store.fail(failing);
    const { status, body, headers } = await send();
    app.store.recover();
    assert.deepEqual([status, body], [503, { detail: "Service unavailable" }], failing);
    assert.equal(headers.get("retry-after"), "1");
  }
  assert.ok(await alive(first()));
});
