// Sessions that an application gives lifetimes of their own.

import assert from "node:assert/strict";
import { test } from "node:test";
import { testClock } from "sessile/testing";
import { startApi } from "./api-app.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

const clock = testClock();
const longest = { absolute: 30 * DAY, idle: 30 * DAY };
const api = await startApi({ manager: { clock: clock.now, longest } });

test("E1: a session that asks to be remembered outlives the usual ones, and says how long it lasts", async () => {
  const asked = { absolute_timeout: (30 * DAY) / 1000, idle_timeout: (20 * DAY) / 1000, persistent: false };
  const begun = await api.send("POST", "/sessions", { body: { user_id: "ann", ...asked } });
  const usual = await api.begin("ann");
  assert.equal(begun.status, 201);
  const iso = (after: number): string => new Date(clock.now() + after).toISOString();
  const { session_token: token, expires_at, absolute_expires_at, persistent } = begun.body;
  assert.deepEqual([expires_at, absolute_expires_at, persistent], [iso(20 * DAY), iso(30 * DAY), false]);
  const { sessions } = (await api.send("GET", "/sessions?user_id=ann")).body;
  const shown = sessions.map((each: Record<string, unknown>) => [each["idle_timeout"], each["persistent"]]);
  assert.deepEqual(shown.sort(), [
    [1728000, false],
    [3600, true],
  ]);
  clock.advance(19 * DAY);
  assert.equal((await api.send("GET", "/sessions/current", { token: usual })).status, 401);
  const { body } = await api.send("POST", "/sessions/current/rotate", { token });
  assert.deepEqual([body.absolute_expires_at, body.persistent], [absolute_expires_at, false]);
  clock.advance(11 * DAY - 1);
  assert.equal((await api.send("GET", "/sessions/current", { token: body.session_token })).status, 200);
  clock.advance(1);
  assert.equal((await api.send("GET", "/sessions/current", { token: body.session_token })).status, 401);
});

test("E2: a session of 15 minutes ends after these", async () => {
  const { body } = await api.send("POST", "/sessions", { body: { user_id: "root", idle_timeout: 900 } });
  const used = async (after: number): Promise<number> => {
    clock.advance(after);
    return (await api.send("GET", "/sessions/current", { token: body.session_token })).status;
  };
  assert.deepEqual([await used(899_999), await used(899_999), await used(900_000)], [200, 200, 401]);
});

test("O3: more than the server allows, and what is no number of seconds, is refused with the limit in words", async () => {
  const most = (30 * DAY) / 1000;
  const tooMuch = await api.send("POST", "/sessions", {
    body: { user_id: "ann", absolute_timeout: most + 1, idle_timeout: most + 1 },
  });
  assert.equal(tooMuch.status, 422);
  const msg = `Input must be <= ${most} seconds, the longest that this server allows; --longest-session raises it`;
  assert.deepEqual(tooMuch.body.detail, [
    { type: "maximum", loc: ["body", "absolute_timeout"], msg },
    { type: "maximum", loc: ["body", "idle_timeout"], msg },
  ]);
  for (const value of [0, -1, 1.5, "900", null, 1e300, true])
    for (const name of ["absolute_timeout", "idle_timeout"]) {
      const { status, body } = await api.send("POST", "/sessions", { body: { user_id: "ann", [name]: value } });
      assert.equal(status, 422, `${name} ${value}`);
      assert.deepEqual(body.detail[0].loc, ["body", name]);
    }
  for (const value of ["false", 0, null])
    assert.equal((await api.send("POST", "/sessions", { body: { user_id: "ann", persistent: value } })).status, 422);
});
