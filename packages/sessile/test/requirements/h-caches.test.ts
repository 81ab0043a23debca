// H7: a shared cache in front of the application, as careless as RFC 9111 allows.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, test } from "node:test";
import { bearerTransport, cookieTransport, headerTransport, memoryStore, type Session, SessionManager } from "sessile";
import { withSession } from "sessile/node";
import { mintSession } from "sessile/testing";
import { PRESENTED, TRANSPORTS, type Transport } from "./node.ts";

const STATUSES = [200, 203, 204, 301, 304, 401, 404, 410, 500] as const;
const transports = [headerTransport(), bearerTransport(), cookieTransport()];
const manager = new SessionManager({ store: memoryStore(), transports, sweepInterval: 0 });

/** Marks its answers as public for caches, as a framework or a proxy might do by default. */
function careless(request: IncomingMessage, response: ServerResponse, session: Session): void | Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? "", "http://x");
  const status = Number(searchParams.get("status") ?? 200);
  response.setHeader("cache-control", "public, max-age=3600");
  response.setHeader("etag", '"1"');
  if (pathname === "/sign-in") return session.signIn("ann").then(() => void response.writeHead(status).end("in"));
  if (pathname === "/rotate") session.rotate();
  const body =
    pathname === "/same-for-all"
      ? "public"
      : pathname === "/check"
        ? String(session.isSignedIn())
        : (session.userId ?? "nobody");
  response.writeHead(status).end(status === 204 || status === 304 ? undefined : body);
}

describe("behind a shared cache", () => {
  let server: Server;
  let cache: SharedCache;

  before(async () => {
    server = createServer(withSession(manager, careless)).listen(0, "127.0.0.1");
    await once(server, "listening");
    cache = new SharedCache(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  });
  after(() => server.close());

  test("what does not look at the session is cached, so the cache works", async () => {
    await cache.get("/same-for-all", {});
    const hits = cache.hits;
    assert.equal((await cache.get("/same-for-all", {})).body, "public");
    assert.equal(cache.hits, hits + 1);
  });

  for (const transport of TRANSPORTS) {
    test(`H7: by ${transport}, no client gets the answer to another user's session, whatever the status`, async () => {
      for (const status of STATUSES) {
        const users = await Promise.all(["ann", "bob"].map((user) => mintSession(manager, user)));
        for (const path of ["/who", "/check", "/rotate"])
          await expectOwnAnswers(cache, `${path}?status=${status}`, transport, users);
      }
    });
  }

  test("H7: an answer that sets the session's cookie is given to no other client", async () => {
    for (const status of STATUSES) {
      const first = await cache.get(`/sign-in?status=${status}`, { cookie: "__Host-session=x" });
      const second = await cache.get(`/sign-in?status=${status}`, { cookie: "__Host-session=x" });
      if (status >= 500) assert.deepEqual([first.setCookie, second.setCookie], [null, null]);
      else assert.notEqual(first.setCookie, second.setCookie, `${status}`);
    }
  });

  test("H7: a cache that stores in spite of no-store still keeps users apart by Vary", async () => {
    const deaf = new SharedCache(cache.origin, { heedsNoStore: false });
    for (const transport of TRANSPORTS) {
      const users = await Promise.all(["ann", "bob"].map((user) => mintSession(manager, user)));
      await expectOwnAnswers(deaf, `/who?${transport}`, transport, users);
    }
  });
});

async function expectOwnAnswers(
  cache: SharedCache,
  path: string,
  transport: Transport,
  users: readonly { readonly token: string }[],
): Promise<void> {
  const [ann, bob] = users.map(({ token }) => token) as [string, string];
  for (const [token, own] of [
    [ann, ["ann", "true"]],
    [bob, ["bob", "true"]],
    [null, ["nobody", "false"]],
  ] as const) {
    const { body, setCookie, issued } = await cache.get(path, token === null ? {} : PRESENTED[transport](token));
    assert.ok(
      body === "" || (own as readonly string[]).includes(body) || /Internal/.test(body),
      `${path} gave ${body} to ${own[0]}`,
    );
    for (const other of [ann, bob].filter((each) => each !== token))
      assert.ok(!`${setCookie} ${issued}`.includes(other.slice(4, 26)), `${path} gave another's token away`);
  }
}

interface Answer {
  readonly status: number;
  readonly body: string;
  readonly setCookie: string | null;
  readonly issued: string | null;
}

interface Stored extends Answer {
  readonly vary: readonly string[];
  readonly request: Headers;
}

/** Stores every answer that RFC 9111 §3 lets a shared cache store, and finds all of them fresh. */
class SharedCache {
  hits = 0;
  readonly origin: string;
  readonly #heedsNoStore: boolean;
  readonly #stored = new Map<string, Stored[]>();

  constructor(origin: string, { heedsNoStore = true } = {}) {
    this.origin = origin;
    this.#heedsNoStore = heedsNoStore;
  }

  async get(path: string, headers: Readonly<Record<string, string>>): Promise<Answer> {
    const request = new Headers(headers);
    const stored = this.#stored
      .get(path)
      ?.find((each) => each.vary.every((name) => each.request.get(name) === request.get(name)));
    if (stored !== undefined) {
      this.hits++;
      return stored;
    }
    const response = await fetch(this.origin + path, { headers, redirect: "manual" });
    const answer = {
      status: response.status,
      body: await response.text(),
      setCookie: response.headers.get("set-cookie"),
      issued: response.headers.get("x-session-token"),
    };
    const vary = (response.headers.get("vary") ?? "").split(",").map((name) => name.trim());
    if (this.#mayStore(request, response, vary)) {
      const entry = { ...answer, vary: vary.filter((name) => name !== ""), request };
      this.#stored.set(path, [...(this.#stored.get(path) ?? []), entry]);
    }
    return answer;
  }

  #mayStore(request: Headers, response: Response, vary: readonly string[]): boolean {
    const directives = response.headers.get("cache-control") ?? "";
    if (vary.includes("*")) return false;
    if (!this.#heedsNoStore) return true;
    if (/\b(?:no-store|private)\b/.test(directives)) return false;
    return !request.has("authorization") || /\b(?:public|s-maxage|must-revalidate)\b/.test(directives);
  }
}
