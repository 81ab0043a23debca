import assert from "node:assert/strict";
import { once } from "node:events";
import {
  type ClientHttp2Session,
  connect,
  createServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
} from "node:http2";
import { Readable } from "node:stream";
import { after, before, describe, test } from "node:test";
import { bearerTransport, cookieTransport, headerTransport, memoryStore, type Session, SessionManager } from "sessile";
import { withSession } from "sessile/node";
import { failingStore } from "sessile/testing";
import { type Listening, listen } from "./support/listen.ts";
import { cookieFor } from "./support/session-server.ts";

const BIG = 5 * 1024 * 1024;

describe("node:http2", () => {
  const store = failingStore(memoryStore());
  const manager = new SessionManager({
    store,
    transports: [cookieTransport(), headerTransport(), bearerTransport()],
    sweepInterval: 0,
  });
  const errors: unknown[] = [];
  let server: Listening;
  let client: ClientHttp2Session;

  before(async () => {
    const answer = (request: Http2ServerRequest, response: Http2ServerResponse, session: Session): unknown =>
      routes[request.url.split("?", 1)[0] as string]?.(request, response, session);
    server = await listen(createServer(withSession(manager, answer, { onError: (error) => errors.push(error) })));
    client = connect(server.url);
  });
  after(async () => {
    client.destroy();
    await server.close();
    await manager.close();
  });

  async function send(method: string, path: string, headers: OutgoingHttpHeaders = {}) {
    const stream = client.request({ ":method": method, ":path": path, ...headers });
    stream.end();
    const [head] = (await once(stream, "response")) as [IncomingHttpHeaders];
    return { status: Number(head[":status"]), head, body: Buffer.concat(await stream.toArray()) };
  }

  test("H8: a sign-in sets its cookie beside the application's own", async () => {
    const { status, head, body } = await send("POST", "/login");
    assert.deepEqual([status, body.toString()], [201, "signed in"]);
    assert.deepEqual(head["set-cookie"]?.slice(0, 2), ["a=1", "b=2"]);
    assert.match(head["set-cookie"]?.[2] ?? "", /^__Host-session=ses_/);
    assert.equal(head["vary"], "Origin, Cookie, X-Session-Token, Authorization");
  });

  test("the guard lets the signed in through, and answers 401 to others", async () => {
    const signedIn = await send("GET", "/profile?x=1", { cookie: await cookieFor(manager) });
    assert.equal(signedIn.body.toString(), "anna");
    const anonymous = await send("GET", "/profile");
    assert.deepEqual([anonymous.status, anonymous.body.toString()], [401, '{"detail":"Not authenticated"}']);
  });

  test("I1: the origin is compared with :authority", async () => {
    const cookie = await cookieFor(manager);
    const own = await send("POST", "/profile", { cookie, origin: server.url });
    assert.equal(own.status, 200);
    const foreign = await send("POST", "/profile", { cookie, origin: "http://evil.example" });
    assert.equal(foreign.status, 403);
  });

  test("a streamed body of 5 MB arrives whole", async () => {
    const { body } = await send("GET", "/big", { cookie: await cookieFor(manager) });
    assert.equal(body.length, BIG);
  });

  test("P1: a commit that fails is a clean 503", async () => {
    const cookie = await cookieFor(manager);
    store.fail("commit");
    for (const path of ["/write", "/big"]) {
      const { status, head, body } = await send("POST", path, { cookie });
      assert.deepEqual([status, body.toString(), head["retry-after"]], [503, '{"detail":"Service unavailable"}', "1"]);
      assert.equal(head["etag"], undefined);
    }
    store.recover();
  });

  test("a handler that throws before it answers is a 500, and one that throws later breaks its stream only", async () => {
    assert.equal((await send("POST", "/throw")).status, 500);
    await assert.rejects(send("POST", "/throw/late"), { code: "ERR_HTTP2_STREAM_ERROR" });
    assert.deepEqual(errors.map(String), ["Error: early", "Error: late"]);
    assert.equal((await send("GET", "/profile")).status, 401);
  });

  test("a client that gives its stream up does no harm", async () => {
    const stream = client.request({ ":method": "GET", ":path": "/big", cookie: await cookieFor(manager) });
    await once(stream, "response");
    stream.destroy();
    const left = client.request({ ":method": "GET", ":path": "/late", cookie: await cookieFor(manager) });
    await lateArrived;
    left.destroy();
    await lateAnswered;
    assert.equal(errors.length, 2);
    assert.equal((await send("GET", "/profile")).status, 401);
  });
});

let arrive: () => void = () => {};
let answered: () => void = () => {};
const lateArrived = new Promise<void>((resolve) => {
  arrive = resolve;
});
const lateAnswered = new Promise<void>((resolve) => {
  answered = resolve;
});

const routes: Readonly<
  Record<string, (request: Http2ServerRequest, response: Http2ServerResponse, session: Session) => unknown>
> = {
  async "/login"(_request, response, session) {
    await session.signIn("anna");
    response.writeHead(201, { "set-cookie": ["a=1", "b=2"], vary: "Origin" });
    response.write("signed ");
    response.end("in");
  },
  "/profile": (_request, response, session) => response.end(session.require().userId),
  "/write"(_request, response, session) {
    session.set("kept", 1);
    response.setHeader("etag", '"1"');
    response.end("kept");
  },
  "/big"(_request, response, session) {
    session.set("big", 1);
    Readable.from(Array.from({ length: BIG / 65_536 }, () => Buffer.alloc(65_536))).pipe(response);
  },
  "/throw"() {
    throw new Error("early");
  },
  async "/throw/late"(_request, response, session) {
    session.set("kept", 1); // or nothing is held, and no drain follows
    response.write("half");
    await once(response, "drain");
    throw new Error("late");
  },
  async "/late"(_request, response, session) {
    session.set("late", 1);
    arrive();
    await once(response, "close");
    response.end("late");
    answered();
  },
};
