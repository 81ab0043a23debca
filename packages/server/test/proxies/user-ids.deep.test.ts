// Behind an nginx that gives Sessile a path prefix, and so decodes and merges paths: every user id means the same user
// as without it.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import fc from "fast-check";
import { byDepth } from "sessile-test-support/depth";
import { type ApiApp, startApi } from "../api/api-app.ts";
import { nastyUserId } from "../hostile/nasty.ts";
import { raw } from "../support/raw.ts";
import { missingFor, type Program, startPrefixNginx } from "./programs.ts";

describe("user ids behind nginx with a path prefix", { skip: missingFor("NGINX") }, () => {
  let [api, nginx, key]: [ApiApp, Program, string] = [] as never;
  before(async () => {
    api = await startApi();
    key = api.makeKey("sessions:create", "users:read", "users:revoke");
    nginx = await startPrefixNginx(api.url);
  });
  after(() => nginx?.close());

  async function send(method: string, path: string, body?: object) {
    const response = await fetch(`${nginx.url}/prefix${path}`, {
      method,
      headers: { "X-API-Key": key, ...(body && { "Content-Type": "application/json" }) },
      ...(body && { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: await response.json() };
  }

  const live = async (): Promise<number> => (await api.manager.stats()).sessions ?? assert.fail();

  test("each user's sessions are listed and ended exactly, and the victim's never", async () => {
    await api.begin("victim");
    const ids = fc.oneof(fc.constantFrom("..", ".", "x/../victim", "../victim", "x%2F..%2Fvictim"), nastyUserId());
    await fc.assert(
      fc.asyncProperty(ids, async (userId) => {
        const before = await live();
        await Promise.all([api.begin(userId), api.begin(userId)]);
        const { sessions } = (await send("GET", `/sessions?${new URLSearchParams({ user_id: userId })}`)).body;
        assert.deepEqual(
          sessions.map(({ user_id }: { user_id: string }) => user_id),
          [userId, userId],
        );
        const [{ sid }] = sessions;
        assert.deepEqual((await send("POST", "/sessions/end", { user_id: userId, sid })).body, { ended: 1 });
        assert.deepEqual((await send("POST", "/sessions/end", { user_id: userId, all: true })).body, { ended: 1 });
        assert.equal(await live(), before);
      }),
      { numRuns: byDepth(20, 500, 20_000) },
    );
  });

  test("a path that nginx makes shorter ends nothing", async () => {
    const before = await live();
    for (const path of [
      "/users/x%2F..%2Fvictim/sessions",
      "/users/../sessions?except=x",
      "/sessions/end/..",
      "/sessions/x/../end",
      "/sessions/x%2F..%2Fend?user_id=victim",
      "/me/sessions/%2e%2e/end",
    ])
      for (const method of ["DELETE", "POST"]) {
        const head = `${method} /prefix${path} HTTP/1.1\r\nHost: x\r\nX-API-Key: ${key}\r\nConnection: close\r\n`;
        assert.match(await raw(nginx.url, `${head}Content-Length: 0\r\n\r\n`), /^HTTP\/1\.1 4\d\d /, path);
      }
    assert.equal(await live(), before);
  });
});
