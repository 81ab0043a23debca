// The programs of docs/guide/browser.md.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Browser, start } from "./guide-program.ts";

const FRONT_END = "http://localhost:5173";

test("browser: a front end that is named may act with the cookie, another origin may not", async (t) => {
  const { url } = await start(t, "browser", { NODE_ENV: "development" });
  const from = (origin: string) => ({ origin, "sec-fetch-site": "same-site" });
  const browser = new Browser();
  const login = (origin: string) => browser.send(`${url}/login`, { method: "POST", headers: from(origin) });

  const preflight = await browser.send(`${url}/login`, {
    method: "OPTIONS",
    headers: { ...from(FRONT_END), "access-control-request-method": "POST" },
  });
  assert.equal(preflight.headers.get("access-control-allow-origin"), FRONT_END);
  assert.equal(preflight.headers.get("access-control-allow-credentials"), "true");
  assert.equal((await login("http://localhost:9999")).status, 403);
  assert.deepEqual(await browser.json(url), { user: null });
  assert.equal((await login(FRONT_END)).status, 200);
  assert.deepEqual(await browser.json(url), { user: "1" });
});

for (const way of ["sync", "double"])
  test(`csrf: a token of csrf-${way === "sync" ? "sync" : "csrf"} is good in its session alone`, async (t) => {
    const { url } = await start(t, "csrf");
    const [browser, other] = [new Browser(), new Browser()];
    for (const each of [browser, other]) await each.post(`${url}/login`);
    const tokenOf = async (each: Browser) => ((await each.json(`${url}/${way}`)) as { token: string }).token;
    const [token, others] = [await tokenOf(browser), await tokenOf(other)];
    const send = async (headers: Record<string, string>) =>
      (await browser.send(`${url}/${way}`, { method: "POST", headers })).status;
    assert.equal(await send({ "x-csrf-token": token }), 200);
    assert.equal(await send({ "x-csrf-token": others }), 403);
    assert.equal(await send({}), 403);
  });
