// An application in an iframe of another site. The pages of a test are those of a private window, in which Chromium
// keeps no cookies of third parties.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import type { Frame, Page } from "playwright-core";
import { type CookieOptions, cookieTransport, memoryStore, SessionManager } from "sessile";
import { withSession } from "sessile/node";
import { launch, noChromium } from "../../admin/browser/chromium.ts";

test("in an iframe of another site a session needs a partitioned cookie, lives in that site alone, and that site cannot use it", {
  skip: noChromium,
}, async (t) => {
  const [partitioned, plain] = await Promise.all([
    startApp(t, "partitioned", { sameSite: "None", partitioned: true }),
    startApp(t, "plain", { sameSite: "None" }),
  ]);
  const [shop, forum] = await Promise.all([startSite(t, "shop"), startSite(t, "forum")]);
  const browser = await launch();
  t.after(() => browser.close());
  const page = await browser.newPage();

  const frame = await embed(page, shop, partitioned);
  await frame.evaluate(() => fetch("/login", { method: "POST" }));
  assert.equal(await userIn(await embed(page, shop, partitioned)), "anna", "again in the same site");
  assert.equal(await userIn(await embed(page, forum, partitioned)), "anonymous", "in another site");
  await page.goto(partitioned);
  assert.equal(await page.textContent("p"), "anonymous", "by itself");

  await embed(page, shop, partitioned);
  const status = await page.evaluate(async (url) => {
    const answer = await fetch(`${url}/logout`, { method: "POST", credentials: "include" });
    return answer.status;
  }, partitioned);
  assert.equal(status, 403, "the page around it");
  assert.equal(await userIn(await embed(page, shop, partitioned)), "anna");

  await (await embed(page, shop, plain)).evaluate(() => fetch("/login", { method: "POST" }));
  assert.equal(await userIn(await embed(page, shop, plain)), "anonymous", "without `partitioned`");
});

/** Shows the user id of the session. Pages of other sites may read its answers, so that the test can. */
function startApp(t: TestContext, name: string, cookie: CookieOptions): Promise<string> {
  const manager = new SessionManager({ store: memoryStore(), transports: [cookieTransport(cookie)] });
  const listener = withSession(manager, async (request, response, session) => {
    if (request.url === "/login") await session.signIn("anna");
    if (request.url === "/logout") await session.signOut();
    response.setHeader("content-type", "text/html");
    response.end(`<p>${session.userId ?? "anonymous"}</p>`);
  });
  const readable: RequestListener = (request, response) => {
    response.setHeader("access-control-allow-origin", request.headers.origin ?? "null");
    response.setHeader("access-control-allow-credentials", "true");
    listener(request, response);
  };
  return startSite(t, name, createServer(readable));
}

/** Every name under `localhost` is a site of its own, where browsers take `Secure` cookies over plain HTTP. */
async function startSite(
  t: TestContext,
  name: string,
  server: Server = createServer((_request, response) => {
    response.setHeader("content-type", "text/html");
    response.end("<h1>a page of another site</h1>");
  }),
): Promise<string> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://${name}.localhost:${(server.address() as AddressInfo).port}`;
}

/** The page of `app` in an iframe of a page of `site`. */
async function embed(page: Page, site: string, app: string): Promise<Frame> {
  await page.goto(site);
  await page.evaluate((url) => {
    const frame = document.createElement("iframe");
    frame.src = url;
    document.body.append(frame);
  }, app);
  const frame = await (await page.waitForSelector("iframe")).contentFrame();
  assert.ok(frame);
  await frame.waitForSelector("p");
  return frame;
}

function userIn(frame: Frame): Promise<string | null> {
  return frame.textContent("p");
}
