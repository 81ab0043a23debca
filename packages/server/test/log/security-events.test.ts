// N3: which scenario writes which security events. The golden list: change it when an event is added, never by
// accident.

import assert from "node:assert/strict";
import { test } from "node:test";
import { bearerTransport, cookieTransport, headerTransport } from "sessile";
import { mintSession, testClock } from "sessile/testing";
import { type AppChoices, type AppUnderTest, parseEvents, startApp } from "../support/app.ts";
import { call, profile, signIn, signOut } from "../support/client.ts";
import { raw } from "../support/raw.ts";
import { startServer } from "../support/server-process.ts";

const BOTH = { transports: [headerTransport(), bearerTransport()] };

/** The events of a scenario: name, outcome, who did it, whose session it was, why. */
async function eventsOf(choices: AppChoices, scenario: (app: AppUnderTest) => Promise<unknown>): Promise<string[]> {
  const app = await startApp(choices);
  try {
    await scenario(app);
    return app.events().map(({ event, outcome, actor, userId, reason, level }) => {
      const rest = [
        userId === undefined ? "" : ` of ${String(userId)}`,
        reason === undefined ? "" : `: ${String(reason)}`,
      ];
      return `${String(level)} ${String(event)} ${String(outcome)} by ${String(actor)}${rest.join("")}`;
    });
  } finally {
    await app.close();
  }
}

const BEGUN = ["debug created success by user:1 of 1", "info signedIn success by user:1 of 1"];

test("N3: sign-in, reading and sign-out", async () => {
  const events = await eventsOf({}, async ({ url }) => {
    const token = await signIn(url);
    await profile(url, token);
    await signOut(url, token);
    await signOut(url, token);
    await call(url, "GET", "/profile");
  });
  assert.deepEqual(events, [...BEGUN, "info signedOut success by user:1 of 1"]);
});

test("N3: signing in again ends the presented session", async () => {
  const events = await eventsOf({}, async ({ url }) => {
    await call(url, "POST", "/login", { "X-Session-Token": await signIn(url) });
  });
  assert.deepEqual(events, [...BEGUN, "info signedOut success by user:1 of 1", ...BEGUN]);
});

test("N3: users who end their own sessions, and who try to end others", async () => {
  const events = await eventsOf({}, async ({ url, mint }) => {
    const [token, ben] = [await signIn(url), await mint("ben")];
    const [other, more] = [await mint("1"), await mint("1")];
    const headers = { "X-Session-Token": token };
    for (const which of [{ sid: ben.sid }, { sid: other.sid }, { others: true }, { all: true }])
      await call(url, "POST", "/me/sessions/end", headers, which);
    assert.equal((await profile(url, more.token)).status, 401);
  });
  const ofBen = ["debug created success by user:ben of ben", "info signedIn success by user:ben of ben"];
  const revoked = "info revoked success by user:1 of 1: revoked";
  const denied = "warn authorisationDenied refused by user:1";
  assert.deepEqual(events, [...BEGUN, ...ofBen, ...BEGUN, ...BEGUN, denied, revoked, revoked, revoked]);
});

test("N3: an operator's revocation outside of a request is the server's", async () => {
  const events = await eventsOf({}, async ({ url, manager }) => {
    await signIn(url);
    await manager.revokeUser("1");
  });
  assert.deepEqual(events, [...BEGUN, "info revoked success by server of 1: revoked"]);
});

test("N3: a session that expired, seen by a request and by the sweeper", async () => {
  const clock = testClock();
  const events = await eventsOf({ manager: { clock: clock.now } }, async ({ url, manager }) => {
    const token = await signIn(url);
    await signIn(url);
    clock.advance(25 * 3_600_000);
    await profile(url, token);
    await manager.sweep();
  });
  const expired = "info expired success by server of";
  assert.deepEqual(events, [...BEGUN, ...BEGUN, `${expired} 1`, `${expired} null`]);
});

test("N3: rotation, and the reuse of a token that was replaced", async () => {
  const clock = testClock();
  const manager = { clock: clock.now, rotateAfter: 60_000, rotationGrace: 1000 };
  const events = await eventsOf({ manager }, async ({ url }) => {
    const token = await signIn(url);
    clock.advance(61_000);
    const offered = (await profile(url, token)).headers.get("x-session-token");
    clock.advance(1000);
    assert.equal((await profile(url, offered as string)).status, 200);
    clock.advance(1000);
    assert.equal((await profile(url, token)).status, 401);
  });
  assert.deepEqual(events.slice(0, 3), [...BEGUN, "info rotated success by user:1 of 1"]);
  assert.deepEqual(events.slice(3).toSorted(), [
    "info revoked success by server of 1: reuse",
    "warn reuseDetected refused by unknown of 1",
  ]);
});

test("N3: the user's limit, evicting and refusing", async () => {
  const evicting = { userLimit: { max: 1, onExceeded: "evictOldest" } } as const;
  assert.deepEqual(
    await eventsOf({ manager: evicting }, async ({ url }) => {
      await signIn(url);
      await signIn(url);
    }),
    [...BEGUN, ...BEGUN, "info revoked success by user:1 of 1: limit"],
  );
  const refusing = { userLimit: { max: 1, onExceeded: "refuse" } } as const;
  assert.deepEqual(
    await eventsOf({ manager: refusing }, async ({ url }) => {
      await signIn(url);
      assert.equal((await call(url, "POST", "/login")).status, 409);
    }),
    [...BEGUN, "warn signInFailed failure by anonymous: limit"],
  );
});

test("N3: two different tokens in one request", async () => {
  const events = await eventsOf({ manager: BOTH }, async ({ url }) => {
    const [one, other] = [await signIn(url), await signIn(url)];
    const headers = { "X-Session-Token": one, Authorization: `Bearer ${other}` };
    assert.equal((await call(url, "GET", "/profile", headers)).status, 400);
  });
  assert.deepEqual(events, [...BEGUN, ...BEGUN, "warn credentialsConflict refused by anonymous"]);
});

test("N3: a cross-site request with a cookie, and a cross-site sign-in", async () => {
  const events = await eventsOf({ manager: { transports: [cookieTransport()] } }, async ({ url, manager }) => {
    const { headers } = await mintSession(manager, "1");
    for (const [path, more] of [
      ["/logout", headers],
      ["/login", {}],
    ] as const) {
      assert.equal((await call(url, "POST", path, { ...more, "Sec-Fetch-Site": "cross-site" })).status, 403, path);
    }
  });
  const reason = "where the page is your own, let the proxy pass Host on, or name the origin in --trusted-origins";
  const refused = `warn crossSiteRefused refused by anonymous: ${reason}`;
  assert.deepEqual(events, [...BEGUN, refused, refused]);
});

test("a cross-site refusal names what it was decided by, and the option for where that is wrong", async () => {
  const server = await startServer([
    ...["--store", "memory", "--cookie", "__Host-session"],
    ...["--trusted-origins", "http://shop.example,https://shop.example:8443"],
  ]);
  const post = (headers: Record<string, string>): Promise<string> => {
    const lines = Object.entries({ Host: "10.0.0.7:8000", Connection: "close", "Content-Length": "0", ...headers });
    const head = lines.map(([name, value]) => `${name}: ${value}\r\n`);
    return raw(server.url, `POST /login HTTP/1.1\r\n${head.join("")}\r\n`);
  };
  for (const headers of [
    { Origin: "http://other.example" },
    { Origin: "https://evil.example", "Sec-Fetch-Site": "same-site" },
    { "Sec-Fetch-Site": "cross-site" },
  ] as Record<string, string>[]) {
    assert.match(await post(headers), /^HTTP\/1\.1 403 /);
  }
  assert.match(await post({ Origin: "http://shop.example" }), /^HTTP\/1\.1 200 /);
  assert.match(await post({ Origin: "https://shop.example:8443", "Sec-Fetch-Site": "cross-site" }), /^HTTP\/1\.1 200 /);
  await server.end();
  const refused = parseEvents(server.output().stderr).filter(({ event }) => event === "crossSiteRefused");
  assert.deepEqual(
    refused.map(({ host, origin }) => [host, origin]),
    [
      ["10.0.0.7:8000", "http://other.example"],
      ["10.0.0.7:8000", "https://evil.example"],
      ["10.0.0.7:8000", null],
    ],
  );
  for (const { reason } of refused)
    assert.match(String(reason), /pass Host on, or name the origin in --trusted-origins/);
});

test("what the library warns of is a line of the log, as everything else is", async () => {
  const { manager, log, close } = await startApp();
  manager.on("signedIn", () => {
    throw new Error("a listener that fails");
  });
  await mintSession(manager, "1");
  await close();
  const lines = log().trimEnd().split("\n");
  const { level, msg, err } = JSON.parse(lines.find((line) => line.includes("listener")) ?? "{}") as Record<
    string,
    unknown
  >;
  assert.deepEqual([level, msg], ["warn", 'A listener of the session event "signedIn" failed:']);
  assert.equal((err as { message: string }).message, "a listener that fails");
});

test("a browser that is handed a Secure cookie over plain HTTP, which it drops, is a warning, once", async () => {
  const server = await startServer(["--store", "memory", "--cookie", "__Host-session"]);
  const login = (origin: string): Promise<string> => {
    const lines = [`Host: ${new URL(origin).host}`, `Origin: ${origin}`, "Content-Length: 0", "Connection: close"];
    return raw(server.url, `POST /login HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`);
  };
  for (const origin of [
    "http://localhost:8000",
    "https://shop.example",
    "http://shop.example",
    "http://shop.example",
  ]) {
    assert.match(await login(origin), /^HTTP\/1\.1 200 /, origin);
  }
  await server.end();
  const lines = server.output().stderr.trimEnd().split("\n");
  const warnings = lines
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter(({ level }) => level === "warn");
  assert.deepEqual(
    warnings.map(({ msg }) => /Secure.*plain HTTP to http:\/\/shop\.example/.test(String(msg))),
    [true],
  );
});

test("N3: a store that fails", async () => {
  const events = await eventsOf({}, async ({ url, store }) => {
    const token = await signIn(url);
    store.fail("load", "create");
    assert.equal((await profile(url, token)).status, 503);
    assert.equal((await call(url, "POST", "/login")).status, 503);
  });
  const failed = "error storeFailed failure by server: The store fails to";
  assert.deepEqual(events, [...BEGUN, `${failed} load, as the test wants.`, `${failed} create, as the test wants.`]);
});

test("N3, B10: a hundred invalid tokens of one client in a minute are one line", async () => {
  const events = await eventsOf({}, async ({ url }) => {
    for (let i = 0; i < 250; i++) assert.equal((await profile(url, `guess${i}`)).status, 401);
  });
  assert.ok(events.length === 1 || events.length === 2, "two when the minute changed meanwhile");
  assert.equal(events[0], "warn invalidTokenBurst refused by unknown");
});

test("N3: what the real server writes is one JSON object a line, in UTC, with the request it belongs to", async () => {
  const server = await startServer(["--store", "memory", "--log-level", "debug"]);
  await signOut(server.url, await signIn(server.url));
  await server.end();
  const events = parseEvents(server.output().stderr);
  assert.deepEqual(
    events.map(({ event }) => event),
    ["created", "signedIn", "signedOut"],
  );
  for (const { time, reqId, sid } of events) {
    assert.match(String(time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.match(String(reqId), /^[\w-]{8}-\d+$/);
    assert.match(String(sid), /^[0-9A-Za-z]{22}$/);
  }
});
