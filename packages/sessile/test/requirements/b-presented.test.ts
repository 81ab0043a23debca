// B: what a client may present, and what becomes of it. See `hostile.test.ts` and `transports/` for the corpora.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, test } from "node:test";
import { bearerTransport, cookieTransport, headerTransport, memoryStore, type Session, SessionManager } from "sessile";
import { withSession } from "sessile/node";
import { countingStore, mintSession, testClock } from "sessile/testing";
import { byDepth } from "sessile-test-support/depth";
import { STORES } from "./every-store.ts";
import { nodeOn, PRESENTED, signIn, TRANSPORTS, userOf, visit } from "./node.ts";

const MANY = byDepth(2_000, 100_000, 1_000_000);

const ROUTES = ["/look", "/write", "/rotate", "/sign-in", "/sign-out"];

describe("over HTTP", () => {
  const store = countingStore(memoryStore());
  const transports = [headerTransport(), bearerTransport(), cookieTransport()];
  const manager = new SessionManager({ store, transports, sweepInterval: 0 });
  let server: Server;
  let url = "";

  before(async () => {
    server = createServer(withSession(manager, answer)).listen(0, "127.0.0.1");
    await once(server, "listening");
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  after(() => server.close());

  for (const transport of TRANSPORTS) {
    test(`B1: a well-formed unknown token by ${transport} opens nothing anywhere, and no answer gives it out`, async () => {
      const elsewhere = nodeOn(memoryStore(), Date.now);
      for (const route of ROUTES) {
        const foreign = await signIn(elsewhere);
        const before = (await manager.stats()).sessions as number;
        const response = await fetch(url + route, { method: "POST", headers: PRESENTED[transport](foreign) });
        const text = await response.text();
        assert.ok(!JSON.stringify([text, ...response.headers]).includes(foreign.slice(4, 70)), route);
        assert.ok(["nobody", "in"].includes(text), text);
        const isNew = route === "/sign-in" || route === "/write";
        assert.equal((await manager.stats()).sessions, before + Number(isNew), route);
        assert.equal(await userOf(manager as never, foreign, transport), null);
        assert.equal(await store.load(foreign.slice(4, 26)), null, "nothing is stored under the sid that was sent");
      }
    });
  }

  test("B3: an empty, blank or missing credential is anonymous and reaches no store, also after a sign-out", async () => {
    const { token } = await mintSession(manager, "ann");
    const signedOut = await fetch(`${url}/sign-out`, { method: "POST", headers: PRESENTED.cookie(token) });
    assert.match(signedOut.headers.get("set-cookie") ?? "", /^__Host-session=;/);
    const asked = store.calls();
    for (const empty of ["", " ", '""']) {
      for (const headers of [PRESENTED.header(empty), PRESENTED.cookie(empty), { authorization: `Bearer ${empty}` }]) {
        const response = await fetch(`${url}/look`, { headers: headers as Record<string, string> });
        assert.deepEqual([response.status, await response.text()], [200, "nobody"]);
      }
    }
    for (const word of ["null", "undefined", "__proto__", "0"]) {
      for (const transport of TRANSPORTS)
        assert.equal(await (await fetch(`${url}/look`, { headers: PRESENTED[transport](word) })).text(), "nobody");
    }
    assert.equal(store.calls(), asked);
  });

  test("B5: a live token in the URL, a form, a JSON body or a path parameter signs no user in", async () => {
    const { token } = await mintSession(manager, "ann");
    const form = new URLSearchParams({ access_token: token, session_token: token });
    const json = JSON.stringify({ session_token: token, access_token: token });
    const requests = [
      fetch(`${url}/look?token=${token}&access_token=${token}&session=${token}&__Host-session=${token}`),
      fetch(`${url}/look;jsessionid=${token};__Host-session=${token}`),
      fetch(`${url}/look#${token}`),
      fetch(`${url}/look`, { method: "POST", body: form }),
      fetch(`${url}/look`, { method: "POST", body: json, headers: { "content-type": "application/json" } }),
      fetch(`${url}/look`, {
        headers: { referer: `http://x/?token=${token}`, "x-token": token, "proxy-authorization": `Bearer ${token}` },
      }),
    ];
    for (const response of await Promise.all(requests)) assert.equal(await response.text(), "nobody");
    assert.equal(await (await fetch(`${url}/look`, { headers: PRESENTED.bearer(token) })).text(), "ann");
  });
});

test(`K8: ${MANY} anonymous requests, sign-outs and failures among them, leave nothing in the store`, async () => {
  const store = countingStore(memoryStore());
  const node = nodeOn(store, testClock().now);
  const foreign = await signIn(nodeOn(memoryStore(), Date.now));
  for (let i = 0; i < MANY; i++) {
    const handle = [
      (session: Session<never>) => session.userId,
      (session: Session<never>) => session.signOut(),
      (session: Session<never>) => session.rotate(),
      () => {},
    ][i % 4] as (session: unknown) => unknown;
    await visit(node, [null, foreign, "malformed", ""][(i >> 2) % 4] as string | null, handle);
  }
  assert.equal((await store.stats()).sessions, 0);
  assert.deepEqual([store.calls("create"), store.calls("commit"), store.calls("delete")], [0, 0, 0]);
});

for (const { name, open } of STORES) {
  test(`B3: on ${name}, nothing can be kept under an empty sid`, async () => {
    const node = nodeOn(await (await open()).connect(), Date.now);
    for (const sid of ["", "null", "undefined"]) assert.equal(await node.revoke(sid), false);
    const token = await signIn(node);
    await visit(node, token, (session) => session.signOut());
    await visit(node, "", (session) => assert.equal(session.userId, null));
  });
}

async function answer(request: IncomingMessage, response: ServerResponse, session: Session): Promise<void> {
  const route = request.url ?? "";
  if (route === "/write") session.set("k", 1);
  if (route === "/rotate") session.rotate();
  if (route === "/sign-in") await session.signIn("ann");
  if (route === "/sign-out") await session.signOut();
  response.end(route === "/sign-in" ? "in" : (session.userId ?? "nobody"));
}
