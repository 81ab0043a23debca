// The promises as a client sees them: real HTTP, two servers on one store, on whatever store is given.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import Fastify, { type FastifyInstance } from "fastify";
import { bearerTransport, headerTransport, SessionManager, type SessionManagerOptions } from "sessile";
import { sessions } from "sessile/fastify";
import type { SessionStore } from "sessile/store";
import { pausingStore } from "sessile/testing";
import { byDepth } from "sessile-test-support/depth";

interface Opened {
  /** Two ways to the same records, as two servers have them. */
  readonly stores: readonly [SessionStore, SessionStore];
  readonly close: () => Promise<void>;
}

interface Server {
  readonly url: string;
  readonly app: FastifyInstance;
  readonly manager: SessionManager;
}

const ROUNDS = byDepth(3, 10, 200);
const PARALLEL = 20;

export function promises(name: string, open: () => Promise<Opened>): void {
  describe(`the promises on ${name}`, () => {
    let opened: Opened;
    let servers: [Server, Server];
    let now = Date.now();
    const clock = (): number => now;
    const slow = new Gates();

    before(async () => {
      opened = await open();
      servers = [await start(opened.stores[0], slow, { clock }), await start(opened.stores[1], slow, { clock })];
    });
    after(async () => {
      for (const { app } of servers ?? []) await app.close();
      await opened?.close();
    });

    test(`F4: ${PARALLEL} parallel requests that add one to a counter make ${PARALLEL}, ${ROUNDS} times in a row`, async () => {
      for (let round = 0; round < ROUNDS; round++) {
        const token = await signIn(servers[0]);
        await all(PARALLEL, (i) => expect(200, servers[i % 2] as Server, "POST", "/increment", token));
        assert.deepEqual(await read(servers[1], token), { n: PARALLEL });
      }
    });

    test(`F4: ${PARALLEL} parallel requests that write a key each keep all ${PARALLEL}, ${ROUNDS} times in a row`, async () => {
      for (let round = 0; round < ROUNDS; round++) {
        const token = await signIn(servers[0]);
        await all(PARALLEL, (i) => expect(200, servers[i % 2] as Server, "POST", `/write/key${i}`, token));
        const keys = Object.fromEntries(Array.from({ length: PARALLEL }, (_, i) => [`key${i}`, 1]));
        assert.deepEqual(await read(servers[0], token), keys);
      }
    });

    test(`${PARALLEL} flash messages at once are all shown, while pages take them at both servers`, async () => {
      for (let round = 0; round < ROUNDS; round++) {
        const token = await signIn(servers[0]);
        const take = async (server: Server): Promise<unknown[]> =>
          (await expect(200, server, "POST", "/notices", token)).body as unknown[];
        const answers = await all(PARALLEL, async (i) => {
          const server = servers[i % 2] as Server;
          if (i % 4 === 3) return take(server);
          await expect(200, server, "POST", `/flash/${i}`, token);
          return [];
        });
        const shown = [...answers.flat(), ...(await take(servers[0]))];
        const made = Array.from({ length: PARALLEL }, (_, i) => String(i)).filter((_, i) => i % 4 !== 3);
        assert.deepEqual([...new Set(shown)].toSorted(), made.toSorted());
        assert.deepEqual(await take(servers[1]), []);
        assert.equal((await opened.stores[0].load(token.slice(4, 26)))?.data, "{}");
      }
    });

    const endings: Record<string, (token: string, sid: string, userId: string) => Promise<unknown>> = {
      "a sign-out": (token) => expect(200, servers[1], "POST", "/signout", token),
      "a revocation": async (_token, sid) => assert.equal(await servers[1].manager.revoke(sid), true),
      "a revoke-all": async (_token, _sid, userId) => assert.equal(await servers[1].manager.revokeUser(userId), 1),
      "its expiry": async () => {
        now += 24 * 60 * 60 * 1000;
      },
    };

    for (const [ending, end] of Object.entries(endings)) {
      for (const path of ["/slow/write", "/slow/update", "/slow/read", "/slow/rotate"]) {
        test(`F3: ${ending} during ${path} holds: the token is dead and the store has no record`, async () => {
          const { token, sid, userId } = await signInAs(servers[0]);
          now += 2 * 60 * 1000; // a touch is due, so that even the reading request has something to write
          const gate = slow.next();
          const request = call(servers[0], "POST", path, token);
          await gate.reached;
          await end(token, sid, userId);
          gate.open();
          const answer = await request;
          assert.equal(answer.status, 200);
          assert.equal(answer.headers.get("x-session-token"), null, "nothing may be sent");
          for (const server of servers) assert.equal((await call(server, "GET", "/data", token)).status, 401);
          assert.equal(await opened.stores[0].load(sid), null);
          assert.deepEqual((await servers[0].manager.list(userId)).sessions, []);
        });
      }
    }

    for (const [ending, end] of Object.entries(endings)) {
      test(`F3: ${ending} during an elevation holds: the elevation is refused, and the store has no record`, async () => {
        const { token, sid, userId } = await signInAs(servers[0]);
        const gate = slow.next();
        const request = call(servers[0], "POST", `/elevate/${userId}`, token);
        await gate.reached;
        await end(token, sid, userId);
        gate.open();
        const answer = await request;
        assert.deepEqual([answer.status, answer.headers.get("x-session-token")], [401, null]);
        assert.equal((await call(servers[1], "GET", "/data", token)).status, 401);
        assert.equal(await opened.stores[0].load(sid), null);
        assert.deepEqual((await servers[1].manager.list(userId)).sessions, []);
      });
    }

    test("D10: parallel elevations and rotations: every request is answered, and the last new token is fresh", async () => {
      for (let round = 0; round < ROUNDS; round++) {
        const { token, sid, userId } = await signInAs(servers[0]);
        now += 1000;
        const answers = await all(6, (i) =>
          expect(200, servers[i % 2] as Server, "POST", i < 4 ? `/elevate/${userId}` : "/rotate", token),
        );
        const tokens = answers.flatMap(({ headers }) => headers.get("x-session-token") ?? []);
        // The number of a secret is part of the token.
        const last = tokens.toSorted((a, b) => (a.slice(48, 51) < b.slice(48, 51) ? -1 : 1)).at(-1) as string;
        await expect(200, servers[1], "POST", "/fresh", last);
        await expect(403, servers[0], "POST", "/fresh", token);
        assert.equal((await opened.stores[1].load(sid))?.authenticatedAt, now);
        now += 60_000;
        await read(servers[0], last);
      }
    });

    for (const [ending, end] of Object.entries(endings)) {
      test(`an open connection hears of ${ending} in another server, once`, async () => {
        const { token, sid, userId } = await signInAs(servers[0]);
        const header = (name: string): string | undefined => (name === "x-session-token" ? token : undefined);
        const { session } = await servers[0].manager.open({ method: "GET", path: "/socket", header });
        let times = 0;
        const { promise: heard, resolve } = withResolvers();
        session.onEnded(() => {
          times++;
          resolve();
        });
        const stop = session.onEnded(() => assert.fail("a listener that was removed must not be called"));
        stop();
        await end(token, sid, userId);
        await heard;
        assert.equal((await call(servers[0], "GET", "/data", token)).status, 401);
        assert.equal(times, 1);
      });
    }

    test("E5: no answer waits for a touch, and it is written", async () => {
      const store = pausingStore(opened.stores[0]);
      const server = await start(store, slow, { clock });
      try {
        const { token, sid } = await signInAs(servers[0]);
        now += 2 * 60 * 1000;
        const gate = store.pause("commit");
        await read(server, token);
        const flushed = server.manager.flush();
        await gate.reached;
        gate.open();
        await flushed;
        assert.equal((await opened.stores[1].load(sid))?.lastSeenAt, now);
      } finally {
        store.openAll();
        await server.app.close();
      }
    });

    test("F3: a rotation during a slow request holds, and the slow request's write is kept", async () => {
      const { token, sid } = await signInAs(servers[0]);
      const gate = slow.next();
      const request = call(servers[0], "POST", "/slow/write", token);
      await gate.reached;
      const rotated = await expect(200, servers[1], "POST", "/rotate", token);
      const successor = rotated.headers.get("x-session-token") as string;
      gate.open();
      assert.equal((await request).status, 200);
      assert.deepEqual(await read(servers[1], successor), { slow: 1 });
      now += 61_000; // beyond the grace
      assert.equal((await call(servers[0], "GET", "/data", token)).status, 401);
      assert.equal(
        (await call(servers[0], "GET", "/data", successor)).status,
        401,
        "reuse of the old token revokes the session",
      );
      assert.equal(await opened.stores[1].load(sid), null);
    });

    test("D7: parallel rotations make one successor, and every request in flight is answered", async () => {
      const { token } = await signInAs(servers[0]);
      const answers = await all(PARALLEL, (i) => expect(200, servers[i % 2] as Server, "POST", "/rotate", token));
      const successors = new Set(answers.map(({ headers }) => headers.get("x-session-token")).filter(Boolean));
      assert.equal(successors.size, 1);
      await read(servers[1], [...successors][0] as string);
    });

    test("D8: a user's sessions never exceed the limit, wherever users sign in", async (t) => {
      const limited = await start(opened.stores[0], slow, { clock, userLimit: { max: 3, onExceeded: "evictOldest" } });
      t.after(() => limited.app.close());
      // A user of this suite alone: suites share a store, and sessions of equal age that another one left would count
      // here.
      const user = `capped-${process.pid}-${users++}`;
      const answers = await all(PARALLEL, () => expect(200, limited, "POST", `/signin/${user}`));
      const tokens = answers.map(({ body }) => (body as { token: string }).token);
      const live = (await all(tokens.length, (i) => call(limited, "GET", "/data", tokens[i] as string))).filter(
        ({ status }) => status === 200,
      );
      assert.ok(live.length >= 1 && live.length <= 3, `${live.length} live`);
      assert.equal((await limited.manager.list(user)).sessions.length, live.length);
    });
  });
}

/** Lets a test hold slow requests at a point it chooses. */
class Gates {
  #waiting: { arrive: () => void; pass: Promise<void> }[] = [];

  next(): { reached: Promise<void>; open: () => void } {
    const { promise: reached, resolve: arrive } = withResolvers();
    const { promise: pass, resolve: open } = withResolvers();
    this.#waiting.push({ arrive, pass });
    return { reached, open };
  }

  async enter(): Promise<void> {
    const gate = this.#waiting.shift();
    gate?.arrive();
    await gate?.pass;
  }
}

function withResolvers(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

async function start(store: SessionStore, slow: Gates, options: Partial<SessionManagerOptions>): Promise<Server> {
  const manager = new SessionManager({
    store,
    transports: [headerTransport(), bearerTransport()],
    sweepInterval: 0,
    ...options,
  });
  const app = Fastify();
  await app.register(sessions, { manager });
  app.post<{ Params: { user: string } }>("/signin/:user", async ({ session, params }) => {
    const token = await session.signIn(params.user);
    return { token, sid: session.sid };
  });
  app.post("/signout", async ({ session }) => session.signOut());
  app.post("/increment", async ({ session }) => session.require().update("n", (n) => Number(n ?? 0) + 1));
  app.post<{ Params: { key: string } }>("/write/:key", async ({ session, params }) => session.set(params.key, 1));
  app.post<{ Params: { text: string } }>("/flash/:text", async ({ session, params }) =>
    session.flash("notice", params.text),
  );
  app.post<{ Params: { user: string } }>("/elevate/:user", async ({ session, params }) => {
    await slow.enter();
    await session.elevate({ for: params.user });
  });
  app.post("/fresh", async ({ session }) => session.requireFresh(1000));
  app.post("/notices", async ({ session }) => session.takeFlash("notice"));
  app.post("/rotate", async ({ session }) => session.rotate());
  app.get("/data", async (request) => {
    const session = request.session.require();
    return Object.fromEntries(session.keys().map((key) => [key, session.get(key)]));
  });
  const slowly =
    (act: (session: import("sessile").Session) => void) =>
    async ({ session }: import("fastify").FastifyRequest) => {
      session.require();
      await slow.enter();
      act(session);
    };
  app.post(
    "/slow/write",
    slowly((session) => session.set("slow", 1)),
  );
  app.post(
    "/slow/update",
    slowly((session) => session.update("slow", (n) => Number(n ?? 0) + 1)),
  );
  app.post(
    "/slow/read",
    slowly((session) => session.get("slow")),
  );
  app.post(
    "/slow/rotate",
    slowly((session) => session.rotate()),
  );
  return { url: await app.listen({ port: 0 }), app, manager };
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers: Headers;
}

async function call({ url }: Server, method: string, path: string, token?: string): Promise<Answer> {
  const response = await fetch(url + path, {
    method,
    headers: token === undefined ? {} : { "X-Session-Token": token },
  });
  const text = await response.text();
  return { status: response.status, body: text === "" ? null : JSON.parse(text), headers: response.headers };
}

async function expect(status: number, server: Server, method: string, path: string, token?: string): Promise<Answer> {
  const answer = await call(server, method, path, token);
  assert.equal(answer.status, status, `${method} ${path}: ${JSON.stringify(answer.body)}`);
  return answer;
}

let users = 0;

async function signInAs(server: Server): Promise<{ token: string; sid: string; userId: string }> {
  const userId = `promise-${process.pid}-${users++}`;
  const { body } = await expect(200, server, "POST", `/signin/${userId}`);
  return { ...(body as { token: string; sid: string }), userId };
}

async function signIn(server: Server): Promise<string> {
  return (await signInAs(server)).token;
}

async function read(server: Server, token: string): Promise<unknown> {
  return (await expect(200, server, "GET", "/data", token)).body;
}

function all<T>(count: number, run: (index: number) => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => run(index)));
}
