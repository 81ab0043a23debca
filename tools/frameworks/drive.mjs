// Uses a running application as a browser without scripts would (or as a program, if it has no pages), and checks the
// answers.
import assert from "node:assert/strict";
import { say } from "../tests/print.mjs";

const PARALLEL = 20;

/** @returns the numbers of checks that passed and failed */
export async function drive(app, url) {
  const result = { passed: 0, failed: 0, skipped: 0 };
  const origin = app.supposesHttps ? url.replace("http:", "https:") : url;
  for (const [name, check] of Object.entries({ ...CHECKS, ...CHECKS_OF[app.name] })) {
    const error = await check({ url, origin, hasForms: app.hasForms }).then(
      () => undefined,
      (reason) => reason,
    );
    result[error ? "failed" : "passed"] += 1;
    say(`  ${error ? "FAIL" : "ok  "}  ${name}`);
    if (error) say(String(error.stack));
  }
  return result;
}

const CHECKS = {
  "no request is let in without a session": async (app) => {
    await assertSignedOut(app, undefined);
  },

  "a sign-in is a cookie with its flags, and the next request knows the user": async (app) => {
    const response = await submit(app, "/login", undefined, { user: "1" });
    assert.equal(response.status, app.hasForms ? response.status : 200);
    const [pair, ...attributes] = onlyCookie(response).split("; ");
    assert.match(pair, /^__Host-session=ses_[0-9A-Za-z]{72}$/);
    const flags = attributes.map((each) => each.toLowerCase()).filter((each) => !/^(?:max-age|expires)=/.test(each));
    assert.deepEqual(flags.sort(), ["httponly", "path=/", "samesite=lax", "secure"]);
    if (app.hasForms) {
      assert.ok([302, 303].includes(response.status), `${response.status}`);
      assert.equal(new URL(response.headers.get("location"), app.url).pathname, "/profile");
      const page = await get(app, "/profile", pair);
      assert.equal(page.status, 200);
      assert.match(await page.text(), /<p>1<\/p>/);
    }
    const me = await get(app, ME(app), pair);
    assert.deepEqual([me.status, await me.json()], [200, { user: "1" }]);
  },

  "no answer about a session may be stored": async (app) => {
    const { headers } = await get(app, ME(app), await signIn(app));
    assert.match(headers.get("cache-control") ?? "", /\bno-store\b/);
    assert.match(headers.get("vary") ?? "", /\bcookie\b/i);
  },

  [`${PARALLEL} changes of one value at the same time are all kept`]: async (app) => {
    const cookie = await signIn(app);
    const responses = await Promise.all(Array.from({ length: PARALLEL }, () => submit(app, "/visit", cookie)));
    for (const { status } of responses) assert.equal(status, 200);
    assert.equal(await visits(app, cookie), PARALLEL);
  },

  "what another site makes a browser send changes nothing": async (app) => {
    const cookie = await signIn(app);
    const response = await submit(app, "/visit", cookie, {}, { "sec-fetch-site": "cross-site", origin: EVIL });
    assert.ok(response.status >= 400, `${response.status}`);
    assert.equal(await visits(app, cookie), 0);
  },

  "a sign-out takes the cookie away, and its token is dead": async (app) => {
    const cookie = await signIn(app);
    const response = await submit(app, "/logout", cookie);
    const [pair, ...attributes] = onlyCookie(response).split("; ");
    assert.equal(pair, "__Host-session=");
    assert.ok(
      attributes.some((each) => /^(?:max-age=0|expires=Thu, 01 Jan 1970.*)$/i.test(each)),
      `${attributes}`,
    );
    await assertSignedOut(app, cookie);
  },

  "a session that was revoked from another one is over": async (app) => {
    const [one, other] = [await signIn(app), await signIn(app)];
    const response = await fetch(`${app.url}/revoke`, {
      method: "POST",
      headers: { cookie: other, origin: app.origin },
    });
    assert.equal(response.status, 200);
    await assertSignedOut(app, one);
  },
};

const GUARD_OF_A_FOLDER = {
  "the guard of a whole folder lets those pass who are signed in": async (app) => {
    const refused = await get(app, "/account", undefined);
    assert.equal(new URL(refused.headers.get("location") ?? "", app.url).pathname, "/login");
    assert.equal((await get(app, "/account", await signIn(app))).status, 200);
  },
};

const NEXT_CHECKS = {
  ...GUARD_OF_A_FOLDER,

  "a session that the proxy begins is the one that a route and an action write into": async (app) => {
    const posted = await fetch(`${app.url}/visits?campaign=spring`, {
      method: "POST",
      headers: { origin: app.origin },
    });
    assert.deepEqual([posted.status, await posted.json()], [200, "spring"]);
    assert.equal(await visits(app, onlyCookie(posted).split(";")[0]), 1);
    const acted = await submit(app, "/visit?campaign=summer", undefined);
    const cookie = onlyCookie(acted).split(";")[0];
    assert.equal(await visits(app, cookie), 1);
    const later = await fetch(`${app.url}/visits`, { method: "POST", headers: { cookie, origin: app.origin } });
    assert.equal(await later.json(), "summer");
    assert.deepEqual(
      [...later.headers.keys()].filter((name) => name.startsWith("x-middleware")),
      [],
    );
  },

  "a sign-in after the proxy began a session leaves one cookie that counts, the last": async (app) => {
    const response = await submit(app, "/login?campaign=spring", undefined, { user: "1" });
    const cookies = response.headers.getSetCookie().filter((each) => each.startsWith("__Host-session="));
    const me = await get(app, ME(app), cookies.at(-1).split(";")[0]);
    assert.deepEqual([me.status, await me.json()], [200, { user: "1" }]);
  },

  "redirect(), notFound() and unauthorized() in a route keep their status, what was written, and the cookie": async (
    app,
  ) => {
    for (const [way, status] of Object.entries({ redirect: 307, permanent: 308, missing: 404, refused: 401 })) {
      const leave = (query, headers) =>
        fetch(`${app.url}/leave/${way}${query}`, {
          method: "POST",
          headers: { origin: app.origin, ...headers },
          redirect: "manual",
        });
      const cookie = await signIn(app);
      const response = await leave("", { cookie });
      assert.equal(response.status, status);
      if (status < 400) assert.equal(new URL(response.headers.get("location"), app.url).pathname, "/profile");
      assert.equal(await visits(app, cookie), 1);
      assert.match(response.headers.get("cache-control") ?? "", /no-store/);
      const welcome = await leave("?user", {});
      assert.equal(await visits(app, onlyCookie(welcome).split(";")[0]), 1);
    }
  },

  [`${PARALLEL} changes through a route are all kept`]: async (app) => {
    const cookie = await signIn(app);
    const post = () => fetch(`${app.url}/visits`, { method: "POST", headers: { cookie, origin: app.origin } });
    await Promise.all(Array.from({ length: PARALLEL }, post));
    assert.equal(await visits(app, cookie), PARALLEL);
  },
};

const SVELTEKIT_CHECKS = {
  ...GUARD_OF_A_FOLDER,

  "redirect() inside withSession carries the cookie, and error() keeps its status and what was written": async (
    app,
  ) => {
    const post = (path, headers) =>
      fetch(app.url + path, { method: "POST", headers: { origin: app.origin, ...headers }, redirect: "manual" });
    const welcome = await post("/leave/redirect", {});
    assert.equal(welcome.status, 303);
    const cookie = onlyCookie(welcome).split(";")[0];
    assert.equal((await get(app, "/profile", cookie)).status, 200);
    assert.equal((await post("/leave/error", { cookie })).status, 409);
    assert.equal(await visits(app, cookie), 1);
  },
};

const NITRO_CHECKS = {
  "a thrown redirect carries the cookie, and a thrown HTTPError keeps its status and what was written": async (app) => {
    const post = (path, headers) =>
      fetch(app.url + path, { method: "POST", headers: { origin: app.origin, ...headers }, redirect: "manual" });
    const welcome = await post("/leave/redirect?user", {});
    assert.deepEqual([welcome.status, welcome.headers.get("location")], [303, "/me"]);
    const cookie = onlyCookie(welcome).split(";")[0];
    assert.equal((await get(app, "/me", cookie)).status, 200);
    assert.equal((await post("/leave/error", { cookie })).status, 409);
    assert.equal(await visits(app, cookie), 2);
  },
};

const CHECKS_OF = {
  "Next.js": NEXT_CHECKS,
  Nitro: NITRO_CHECKS,
  SvelteKit: SVELTEKIT_CHECKS,
  Astro: GUARD_OF_A_FOLDER,
};

const EVIL = "https://evil.example";
const ME = ({ hasForms }) => (hasForms ? "/api/me" : "/me");

async function assertSignedOut(app, cookie) {
  const me = await get(app, ME(app), cookie);
  assert.deepEqual([me.status, await me.json()], [401, { detail: "Not authenticated" }]);
  if (!app.hasForms) return;
  const { status, headers } = await get(app, "/profile", cookie);
  assert.ok(status >= 300 && status < 400, `${status}`);
  assert.equal(new URL(headers.get("location"), app.url).pathname, "/login");
}

const signIn = async (app) => onlyCookie(await submit(app, "/login", undefined, { user: "1" })).split(";")[0];

const visits = async (app, cookie) => (await get(app, "/visits", cookie)).json();

const get = ({ url }, path, cookie) =>
  fetch(url + path, { headers: cookie === undefined ? {} : { cookie }, redirect: "manual" });

/** Sends the form of a page, with the hidden fields of the framework. */
async function submit(app, path, cookie, fields = {}, headers = {}) {
  const body = new FormData();
  for (const [name, value] of Object.entries({ ...(await hiddenFields(app, path, cookie)), ...fields })) {
    body.append(name, value);
  }
  const sent = { ...(cookie !== undefined && { cookie }), origin: app.origin, accept: "text/html", ...headers };
  return fetch(app.url + path, { method: "POST", headers: sent, body, redirect: "manual" });
}

async function hiddenFields(app, path, cookie) {
  if (!app.hasForms) return {};
  const page = await (await get(app, path.split("?", 1)[0], cookie)).text();
  const inputs = [...page.matchAll(/<input[^>]* ?type="hidden"[^>]*>/g)].map(([tag]) => tag);
  return Object.fromEntries(inputs.map((tag) => [attribute(tag, "name"), attribute(tag, "value")]));
}

const attribute = (tag, name) => new RegExp(` ${name}="([^"]*)"`).exec(tag)?.[1].replaceAll("&quot;", '"') ?? "";

function onlyCookie(response) {
  const cookies = response.headers.getSetCookie().filter((each) => each.startsWith("__Host-session="));
  assert.equal(cookies.length, 1, `${response.status}, ${cookies.length} cookies`);
  return cookies[0];
}
