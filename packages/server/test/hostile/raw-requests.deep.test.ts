// Random and mutated requests on every listener, from clients that leave at any moment: the server lives, its log can
// be read, and no session of another user ends. `SESSILE_SEED` repeats a run.

import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setImmediate as turn, setTimeout as wait } from "node:timers/promises";
import { byDepth } from "sessile-test-support/depth";
import { temporaryFolder } from "sessile-test-support/folder";
import { waitUntil } from "sessile-test-support/wait-until";
import type { KeyScope } from "#dist/identity/keys/key-scopes.js";
import { KeyStore } from "#dist/identity/keys/key-store.js";
import { PageClient } from "../admin/admin-app.ts";
import { type AdminServer, startAdminServer } from "../admin/admin-server.ts";
import { PASSWORD } from "../sign-in/sign-in-app.ts";
import { listenersOf } from "../support/listeners.ts";
import { closed, openSocket } from "../support/raw.ts";
import { Random } from "./random.ts";
import { type Draft, RawRequests, type Visit } from "./raw-request.ts";

const SEED = Number(process.env["SESSILE_SEED"] ?? Math.floor(Date.now() / 86_400_000));
const VISITS = byDepth(400, 10_000, 2_000_000);
/** In milliseconds, whatever is left to do then. */
const LONGEST = byDepth(60_000, 600_000, 1_800_000);
/** Visits at the same time. */
const CROWD = 20;
/** Chance signs `mallory` out now and then: after so many visits there is a new session. */
const RENEWAL = 500;
/** How long a client stays for an answer, in milliseconds. */
const PATIENCE = 50;

type Listener = "main" | "admin" | "metrics";

test(`${VISITS} random and mutated requests harm no other client`, async (t) => {
  t.diagnostic(`SESSILE_SEED=${SEED}`);
  const server = await start();
  t.after(() => server.end("SIGKILL"));
  const bystanders = await Bystanders.arrive(server);
  const { urls, drafts, openStreams } = await prepare(server);
  const random = new Random(SEED);
  let requests: readonly (readonly [url: string, source: RawRequests])[] = [];
  const log = new Log(server);
  const [begun, before] = [performance.now(), connectionsOf(server)];
  let made = 0;
  while (made < VISITS && performance.now() - begun < LONGEST) {
    if (made % RENEWAL === 0) {
      const now = Object.entries(await drafts());
      requests = now.map(([listener, each]) => [urls[listener as Listener], new RawRequests(random, each)]);
    }
    const crowd = Array.from({ length: CROWD }, () => {
      const [url, source] = random.pick(requests);
      return { url, visit: source.next() };
    });
    await Promise.all(crowd.map(({ url, visit }) => pay(url, visit)));
    made += CROWD;
    const isAlive = await bystanders.areServed(made % 1000 === 0).catch(() => false);
    if (!isAlive) assert.fail(`visits ${made - CROWD} to ${made}: ${JSON.stringify(crowd.map(shown))}`);
    log.read();
  }
  assert.ok(await bystanders.areServed(true));
  for (const url of Object.values(urls)) assert.ok((await fetch(url)).status < 500, url);
  await waitUntil("every place of the live page is free", async () => (await openStreams(50)) === 50);
  await waitUntil("no connection is left", () => connectionsOf(server) <= before + 10);
  assert.equal(await server.end(), 0);
  log.read();
  t.diagnostic(`${made} visits in ${Math.round((performance.now() - begun) / 1000)} s; answers ${log.statuses}`);
  assert.ok(log.answered > made / 10, "most of them never became requests");
});

function start(): Promise<AdminServer> {
  return startAdminServer(
    [
      ...["--store", `sqlite:${join(temporaryFolder(), "sessile.db")}`],
      ...["--admin", "--admin-listen", "127.0.0.1:0", "--metrics", "127.0.0.1:0", "--account"],
      ...["--cookie", "__Host-session", "--verify-headers", "note=X-Note", "--log-level", "debug"],
    ],
    ["mallory"],
  );
}

/** Users whose sessions the requests cannot name: they must stay. */
class Bystanders {
  readonly #url: string;
  readonly #key: string;
  readonly #tokens: readonly string[];

  private constructor(url: string, key: string, tokens: readonly string[]) {
    this.#url = url;
    this.#key = key;
    this.#tokens = tokens;
  }

  static async arrive(server: AdminServer): Promise<Bystanders> {
    const key = keyFor(server, "bystanders", ["sessions:create", "sessions:read"]);
    const users = Array.from({ length: 20 }, (_, i) => `bystander-${i}`);
    return new Bystanders(server.url, key, await Promise.all(users.map((user) => begin(server.url, key, user))));
  }

  /** Whether one of them is still signed in, or all of them. */
  async areServed(all: boolean): Promise<boolean> {
    const asked = all ? this.#tokens : this.#tokens.slice(0, 1);
    const answers = asked.map((token) =>
      fetch(`${this.#url}/sessions/current`, {
        headers: { "X-API-Key": this.#key, "X-Session-Token": token, Connection: "close" },
      }),
    );
    return (await Promise.all(answers)).every(({ status }) => status === 200);
  }
}

function keyFor({ file }: AdminServer, name: string, scopes: readonly KeyScope[]): string {
  return new KeyStore(file).add(name, scopes)?.key ?? assert.fail();
}

async function begin(url: string, key: string, user: string): Promise<string> {
  const headers = { "X-API-Key": key, "Content-Type": "application/json", Connection: "close" };
  const body = JSON.stringify({ user_id: user, data: { note: "é" } });
  const answer = await fetch(`${url}/sessions`, { method: "POST", headers, body });
  return ((await answer.json()) as { session_token: string }).session_token;
}

/**
 * Good requests of `mallory` and of an administrator, on every listener. None of them may end what another user has.
 */
async function prepare(server: AdminServer): Promise<{
  readonly urls: Readonly<Record<Listener, string>>;
  readonly drafts: () => Promise<Readonly<Record<Listener, readonly Draft[]>>>;
  /** Opens so many streams of the live page at once; how many it was given. */
  readonly openStreams: (count: number) => Promise<number>;
}> {
  const urls = listenersOf(server);
  const key = keyFor(server, "mallory", ["sessions:create", "sessions:read", "sessions:write", "metrics:read"]);
  const admin = new URL(urls.admin).origin;
  const operator = new PageClient(admin, "/admin/api");
  assert.equal((await operator.ask("POST", "/sign-in", { username: "root", password: PASSWORD })).status, 200);
  const drafts = async () =>
    draftsOf({ ...urls, admin }, await begin(server.url, key, "mallory"), key, operator.cookie);
  const openStreams = async (count: number): Promise<number> => {
    const leave = new AbortController();
    const headers = { cookie: operator.cookie };
    const streams = Array.from({ length: count }, () =>
      fetch(`${admin}/admin/api/events`, { headers, signal: leave.signal }),
    );
    const statuses = (await Promise.all(streams)).map(({ status }) => status);
    leave.abort();
    return statuses.filter((status) => status === 200).length;
  };
  return { urls: { ...urls, admin }, drafts, openStreams };
}

function draftsOf(
  urls: Readonly<Record<Listener, string>>,
  token: string,
  key: string,
  cookie: string,
): Readonly<Record<Listener, readonly Draft[]>> {
  const { main, admin, metrics } = urls;
  const sid = token.slice(4, 26);
  const at = (url: string, credentials: Draft["headers"]) => (method: string, target: string, body?: object) => ({
    method,
    target,
    headers: [
      ["Host", new URL(url).host] as const,
      ...credentials,
      ...(body === undefined ? [] : [["Content-Type", "application/json"] as const]),
    ],
    body: body === undefined ? "" : JSON.stringify(body),
  });
  const browser = at(main, [
    ["Cookie", `a=b; __Host-session=${token}`],
    ["Sec-Fetch-Site", "same-origin"],
  ]);
  const client = at(main, [["X-Session-Token", token]]);
  const app = at(main, [
    ["X-API-Key", key],
    ["Authorization", `Bearer ${token}`],
  ]);
  const root = at(admin, [
    ["Cookie", cookie],
    ["Sec-Fetch-Site", "same-origin"],
  ]);
  const stranger = at(main, []);
  return {
    main: [
      ...["/profile", "/me/sessions?limit=2", "/verify", "/verify/envoy/a", "/account/sessions", "/account/api/me"].map(
        (path) => browser("GET", path),
      ),
      ...["/profile", "/me/sessions", "/verify"].map((path) => client("GET", path)),
      ...["/docs", "/openapi.json", "/health/ready", "/metrics", "/nothing"].map((path) => stranger("GET", path)),
      stranger("POST", "/login", { username: "mallory", password: "wrong password" }),
      stranger("POST", "/account/api/sign-in", { username: "mallory", password: "wrong password" }),
      browser("POST", "/verify/envoy/a/b?c", { a: 1 }),
      browser("POST", "/me/sessions/end", { others: true }),
      client("POST", "/me/sessions/end", { sid: "0".repeat(22) }),
      app("GET", "/sessions/current"),
      app("GET", "/metrics"),
      app("POST", "/sessions", { user_id: "mallory", data: { a: [1, { b: null }] }, device: "curl" }),
      app("PATCH", "/sessions/current/data", { set: { cart: ["tea"] }, remove: ["a"] }),
      app("POST", "/sessions/end", { user_id: "mallory", sid }),
    ],
    admin: [
      ...["/admin", "/admin/sessions"].map((path) => root("GET", path)),
      ...["me", "overview", "events", "sessions?limit=5", "audit", "find?q=mallory", "user?userId=mallory"].map(
        (path) => root("GET", `/admin/api/${path}`),
      ),
      root("GET", `/admin/api/session?sid=${sid}`),
      root("POST", "/admin/api/show-data", { sid }),
      root("POST", "/admin/api/end-session", { sid: "0".repeat(22) }),
      root("POST", "/admin/api/end-user", { userId: "not mallory", except: sid }),
      at(admin, [])("POST", "/admin/api/sign-in", { username: "mallory", password: "wrong password" }),
    ],
    metrics: [at(metrics, [])("GET", "/metrics"), at(metrics, [])("POST", "/metrics", {})],
  };
}

async function pay(url: string, { pieces, leave }: Visit): Promise<void> {
  const socket = openSocket(url);
  const isAnswered = new Promise<void>((resolve) => socket.once("data", () => resolve()));
  const isClosed = closed(socket);
  for (const { bytes, turns } of pieces) {
    socket.write(bytes);
    for (let i = 0; i < turns; i++) await turn();
  }
  if (leave === "answered") await Promise.race([isAnswered, isClosed, wait(PATIENCE)]);
  if (leave === "destroy") socket.destroy();
  else if (leave === "end") socket.end();
  else socket.resetAndDestroy();
  await isClosed;
}

function shown({ url, visit }: { readonly url: string; readonly visit: Visit }): object {
  return { url, leave: visit.leave, pieces: visit.pieces.map(({ bytes }) => bytes.toString("latin1").slice(0, 500)) };
}

/** The server's log: every line is JSON, and none reports an error of the server's own. */
class Log {
  readonly #server: AdminServer;
  readonly #statuses = new Map<number, number>();

  constructor(server: AdminServer) {
    this.#server = server;
  }

  read(): void {
    for (const line of this.#server.takeLines()) {
      const { level, err, statusCode } = JSON.parse(line) as Record<string, unknown>;
      assert.ok(level !== "error" && level !== "fatal" && err === undefined, line);
      if (typeof statusCode !== "number") continue;
      assert.notEqual(statusCode, 500, line);
      this.#statuses.set(statusCode, (this.#statuses.get(statusCode) ?? 0) + 1);
    }
  }

  get answered(): number {
    return [...this.#statuses.values()].reduce((sum, count) => sum + count, 0);
  }

  get statuses(): string {
    return JSON.stringify(Object.fromEntries([...this.#statuses].toSorted(([a], [b]) => a - b)));
  }
}

/** Open files of the process that listens, connections among them; 0 where it cannot be seen. */
function connectionsOf({ pid }: AdminServer): number {
  return process.platform === "linux" ? readdirSync(`/proc/${pid}/fd`).length : 0;
}
