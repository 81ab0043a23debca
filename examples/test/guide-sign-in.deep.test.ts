// The programs of docs/guide/sign-in.md.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { describe, type TestContext, test } from "node:test";
import { freePort } from "sessile-test-support/free-port";
import { Browser, locationOf, type Program, start } from "./guide-program.ts";

const ANNA = { name: "anna", password: "correct horse battery" };
const load = createRequire(import.meta.url);

test("a password signs in and a sign-out ends the session; all wrong answers are alike, and guessing ends", async (t) => {
  const { url } = await start(t, "password");
  const browser = new Browser();
  const login = (body: object): Promise<Response> => browser.post(`${url}/login`, body);
  const [cookie = ""] = (await login(ANNA)).headers.getSetCookie();
  assert.deepEqual(await browser.json(url), { user: "1" });
  assert.equal((await browser.post(`${url}/logout`)).status, 200);
  const [copy = ""] = cookie.split(";");
  assert.deepEqual(await (await fetch(url, { headers: { cookie: copy } })).json(), { user: null });

  const [unknown, wrong] = [await login({ name: "carol", password: "x" }), await login({ ...ANNA, password: "x" })];
  assert.deepEqual([unknown.status, wrong.status], [401, 401]);
  assert.equal(await unknown.text(), await wrong.text());
  const more = await Promise.all(Array.from({ length: 10 }, () => login({ ...ANNA, password: "y" })));
  assert.equal(more.filter(({ status }) => status === 429).length, 1);
  assert.equal((await login(ANNA)).status, 429);
});

test("Passport signs in without its own session", async (t) => {
  const { url } = await start(t, "passport");
  const browser = new Browser();
  const form = (password: string) => new URLSearchParams({ username: "anna", password });
  assert.equal((await browser.post(`${url}/login`, form("wrong"))).status, 401);
  const response = await browser.post(`${url}/login`, form(ANNA.password));
  assert.equal(locationOf(response), `${url}/`);
  assert.equal(response.headers.getSetCookie().length, 1);
  assert.deepEqual(await browser.json(url), { user: "1" });
  await browser.post(`${url}/logout`);
  assert.deepEqual(await browser.json(url), { user: null });
});

describe("sign-in with OpenID Connect", { concurrency: true }, () => {
  /** The program, with a provider of its own that asks for no password. */
  async function openid(t: TestContext): Promise<Program & { issuer: string }> {
    const port = await freePort();
    const origin = `http://localhost:${port}`;
    const issuer = await startProvider(t, origin);
    return { ...(await start(t, "openid", { PORT: String(port), ISSUER: issuer })), issuer };
  }

  /** Follows the redirects until they lead back to the program, and returns that address. */
  async function throughProvider(browser: Browser, { url, issuer }: { url: string; issuer: string }): Promise<string> {
    let address = locationOf(await browser.send(`${url}/login`));
    while (address.startsWith(issuer)) {
      const response = await browser.send(address);
      address = response.status === 200 ? await submit(browser, response) : locationOf(response);
    }
    return address;
  }

  /** Sends the form of a page of the provider: its sign-in takes any password, its consent wants none. */
  async function submit(browser: Browser, page: Response): Promise<string> {
    const text = await page.text();
    const [, action = ""] = /action="([^"]+)"/.exec(text) ?? [];
    const [, prompt = ""] = /name="prompt" value="([^"]+)"/.exec(text) ?? [];
    return locationOf(await browser.post(action, new URLSearchParams({ prompt, login: "anna", password: "any" })));
  }

  test("the provider's user is signed in, and signed out at the provider too", async (t) => {
    const program = await openid(t);
    const browser = new Browser();
    const back = await throughProvider(browser, program);
    assert.equal(new URL(back).pathname, "/callback");
    assert.equal(locationOf(await browser.send(back, { headers: FROM_ANOTHER_SITE })), `${program.url}/`);
    assert.deepEqual(await browser.json(program.url), { user: `${program.issuer} anna` });
    const leave = new URL(locationOf(await browser.post(`${program.url}/logout`)));
    assert.equal(leave.origin, program.issuer);
    assert.equal(leave.searchParams.get("post_logout_redirect_uri"), program.url);
    assert.ok(leave.searchParams.get("id_token_hint"));
    assert.equal((await browser.send(leave.href)).status, 200);
    assert.deepEqual(await browser.json(program.url), { user: null });
  });

  test("an answer is good once, and only in the browser that asked", async (t) => {
    const program = await openid(t);
    const browser = new Browser();
    const back = await throughProvider(browser, program);
    const victim = new Browser();
    assert.equal((await victim.send(back)).status, 400);
    await victim.send(`${program.url}/login`);
    assert.equal((await victim.send(back)).status, 400);
    assert.deepEqual(await victim.json(program.url), { user: null });
    assert.equal((await browser.send(back)).status, 303);
    assert.equal((await browser.send(back)).status, 400);
    assert.deepEqual(await browser.json(program.url), { user: `${program.issuer} anna` });
  });

  test("a user who refuses at the provider is not signed in, and can try again", async (t) => {
    const program = await openid(t);
    const browser = new Browser();
    const ask = new URL(locationOf(await browser.send(`${program.url}/login`)));
    const refusal = `error=access_denied&state=${ask.searchParams.get("state")}&iss=${program.issuer}`;
    assert.equal((await browser.send(`${program.url}/callback?${refusal}`)).status, 400);
    const back = await throughProvider(browser, program);
    assert.equal((await browser.send(back)).status, 303);
  });
});

/** The headers of a browser that follows a link of another site. */
const FROM_ANOTHER_SITE = { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" };

async function startProvider(t: TestContext, origin: string): Promise<string> {
  const server: Server = createServer().listen(0, "localhost");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const issuer = `http://localhost:${(server.address() as AddressInfo).port}`;
  const { default: Provider } = (await load("oidc-provider")) as {
    default: new (issuer: string, options: object) => { callback(): RequestListener };
  };
  const client = {
    client_id: "shop",
    client_secret: "secret",
    redirect_uris: [`${origin}/callback`],
    post_logout_redirect_uris: [origin],
  };
  server.on("request", new Provider(issuer, { clients: [client] }).callback());
  return issuer;
}
