// A client of HTTP/2 without TLS, and what every framework has to answer over HTTP/2.

import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type IncomingHttpHeaders, type OutgoingHttpHeaders } from "node:http2";
import { test } from "node:test";
import type { SessionManager } from "sessile";
import type { Listening } from "./listen.ts";
import { cookieFor, testManager } from "./session-server.ts";

const BIG = 5 * 1024 * 1024;

/** The body of `/big`. */
export function bigChunks(): Buffer[] {
  return Array.from({ length: BIG / 65_536 }, () => Buffer.alloc(65_536));
}

interface Http2Server {
  readonly url: string;
  readonly cookie: string;
  readonly store: ReturnType<typeof testManager>["store"];
  readonly stored: () => Promise<string | undefined>;
  readonly send: (
    method: string,
    path: string,
    headers?: OutgoingHttpHeaders,
  ) => Promise<{ status: number; head: IncomingHttpHeaders; body: Buffer }>;
}

async function withServer(
  start: (manager: SessionManager) => Promise<Listening>,
  body: (server: Http2Server) => Promise<void>,
): Promise<void> {
  const { store, manager } = testManager();
  const { url, close } = await start(manager);
  const client = connect(url);
  const send: Http2Server["send"] = async (method, path, headers) => {
    const stream = client.request({ ":method": method, ":path": path, ...headers });
    stream.end();
    const [head] = (await once(stream, "response")) as [IncomingHttpHeaders];
    return { status: Number(head[":status"]), head, body: Buffer.concat(await stream.toArray()) };
  };
  const stored: Http2Server["stored"] = async () => {
    const { sessions } = await manager.list("anna");
    return (await store.load(sessions[0]?.sid ?? ""))?.data;
  };
  try {
    await body({ url, cookie: await cookieFor(manager), store, stored, send });
  } finally {
    client.destroy();
    await close();
    await manager.close();
  }
}

/**
 * The servers answer `POST /login` with 201 and a cookie `theme=dark`, `GET /profile` and `POST /profile` behind the
 * guard with the user, `POST /write` with `kept` after writing `kept`, `POST /raw` the same past the framework, `GET
 * /big` with `bigChunks`, and `POST /throw` with an error after writing.
 */
export function http2Tests(name: string, start: (manager: SessionManager) => Promise<Listening>): void {
  test(`H8: over HTTP/2, ${name} sends the session's cookie beside the application's own`, () =>
    withServer(start, async ({ send }) => {
      const { status, head } = await send("POST", "/login");
      assert.equal(status, 201);
      assert.match(head["set-cookie"]?.[0] ?? "", /^theme=dark/);
      assert.match(head["set-cookie"]?.[1] ?? "", /^__Host-session=ses_/);
    }));

  test(`over HTTP/2, the guard of ${name} lets only signed-in users through`, () =>
    withServer(start, async ({ send, cookie }) => {
      assert.equal((await send("GET", "/profile", { cookie })).body.toString(), "anna");
      const anonymous = await send("GET", "/profile");
      assert.deepEqual([anonymous.status, anonymous.body.toString()], [401, '{"detail":"Not authenticated"}']);
    }));

  test(`I1: over HTTP/2, ${name} compares the origin with :authority`, () =>
    withServer(start, async ({ send, cookie, url }) => {
      assert.equal((await send("POST", "/profile", { cookie, origin: url })).status, 200);
      assert.equal((await send("POST", "/profile", { cookie, origin: "http://evil.example" })).status, 403);
    }));

  for (const path of ["/write", "/raw"]) {
    test(`over HTTP/2, ${name} stores the session before ${path} is answered`, () =>
      withServer(start, async ({ send, cookie, store, stored }) => {
        const gate = store.pause("commit");
        let hasLeft = false;
        const response = send("POST", path, { cookie }).finally(() => {
          hasLeft = true;
        });
        await gate.reached;
        for (let trips = 0; trips < 3; trips++) await send("GET", "/profile"); // had it left, it would be here by now
        assert.equal(hasLeft, false);
        gate.open();
        assert.equal((await response).body.toString(), "kept");
        assert.equal(await stored(), '{"kept":1}');
      }));

    test(`P1: over HTTP/2, a commit that fails is a clean 503 for ${path} of ${name}`, () =>
      withServer(start, async ({ send, cookie, store }) => {
        store.fail("commit");
        const { status, body, head } = await send("POST", path, { cookie });
        assert.deepEqual([status, body.toString()], [503, '{"detail":"Service unavailable"}']);
        assert.equal(head["retry-after"], "1");
      }));
  }

  test(`over HTTP/2, a streamed body of 5 MB of ${name} arrives whole`, () =>
    withServer(start, async ({ send, cookie }) => {
      assert.equal((await send("GET", "/big", { cookie })).body.length, BIG);
    }));

  test(`over HTTP/2, a handler of ${name} that throws keeps nothing, and other streams go on`, () =>
    withServer(start, async ({ send, cookie, stored }) => {
      const [failed, other] = await Promise.all([
        send("POST", "/throw", { cookie }),
        send("GET", "/profile", { cookie }),
      ]);
      assert.deepEqual([failed.status, other.status], [500, 200]);
      assert.equal(await stored(), "{}");
    }));
}
