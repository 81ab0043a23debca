// "Keep me signed in": a sign-in that lasts longer than the others, or no longer than the browser.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { cookieTransport } from "sessile";
import { call } from "../support/client.ts";
import { type Owner, PASSWORD, post, type SignInChoices, startSignIn } from "./sign-in-app.ts";

const DAY = 86_400_000;
const KEPT = 30 * DAY;
const NEW_PASSWORD = "seven quiet lanterns by the canal";

const MONTH: SignInChoices = { keepFor: KEPT, manager: { longest: { absolute: KEPT, idle: KEPT } } };

async function start(owner: Owner, choices: SignInChoices = MONTH) {
  const transports = [cookieTransport()];
  const app = await startSignIn(owner, { ...choices, manager: { ...choices.manager, transports } });
  const send = async (path: string, body: object, cookie = ""): Promise<string> => {
    const { status, headers } = await post(app.url, path, body, { ...(cookie && { cookie }) });
    assert.equal(status, 200, path);
    return headers.get("set-cookie") ?? "";
  };
  const signIn = (keep?: boolean): Promise<string> =>
    send("/login", { username: "alice", password: PASSWORD, ...(keep !== undefined && { keep_signed_in: keep }) });
  const status = async (cookie: string): Promise<number> =>
    (await call(app.url, "GET", "/profile", { cookie: pair(cookie) })).status;
  return { ...app, send, signIn, status };
}

const pair = (cookie: string): string => cookie.split(";", 1)[0] as string;
const maxAge = (cookie: string): string | undefined => /; Max-Age=(\d+)/.exec(cookie)?.[1];

test("E1: a sign-in that asks to be kept lasts a month, one that does not ends with the browser, after the usual time at most", async () => {
  const app = await start({ after });
  const [kept, short, unsaid] = [await app.signIn(true), await app.signIn(false), await app.signIn()];
  assert.deepEqual([kept, short, unsaid].map(maxAge), [String(KEPT / 1000), undefined, String(DAY / 1000)]);
  app.clock.advance(3_600_000 - 1);
  assert.deepEqual([await app.status(kept), await app.status(short)], [200, 200]);
  app.clock.advance(DAY);
  assert.deepEqual([await app.status(kept), await app.status(short), await app.status(unsaid)], [200, 401, 401]);
  app.clock.advance(28 * DAY);
  assert.equal(await app.status(kept), 200);
  app.clock.advance(DAY);
  assert.equal(await app.status(kept), 401);
});

test("a new password keeps the kind of the session", async () => {
  const app = await start({ after });
  let password = PASSWORD;
  for (const keep of [true, false]) {
    const cookie = await app.send("/login", { username: "alice", password, keep_signed_in: keep });
    const next = password === PASSWORD ? NEW_PASSWORD : PASSWORD;
    const changed = await app.send("/password", { current_password: password, new_password: next }, pair(cookie));
    assert.equal(maxAge(changed), keep ? String(KEPT / 1000) : undefined);
    password = next;
  }
});

test("where the operator allows no longer sessions, asking for one changes nothing", async () => {
  const app = await start({ after }, {});
  for (const keep of [true, false]) assert.equal(maxAge(await app.signIn(keep)), String(DAY / 1000));
});

test("O3: a choice that is none is refused", async () => {
  const app = await start({ after });
  for (const keep of ["true", 1, null]) {
    const body = { username: "alice", password: PASSWORD, keep_signed_in: keep };
    const { status, body: answer } = await post(app.url, "/login", body);
    assert.equal(status, 422);
    assert.deepEqual(answer.detail, [
      { type: "bool_type", loc: ["body", "keep_signed_in"], msg: "Input should be a valid boolean" },
    ]);
  }
});
