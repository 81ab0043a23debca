// The document of the API is true and whole: every operation and every code in it is driven, and nothing else is ever
// answered.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Ajv2020 } from "ajv/dist/2020.js";
import { bearerTransport, cookieTransport, headerTransport, memoryStore } from "sessile";
import type { SessionStore } from "sessile/store";
import { AttemptLimits } from "#dist/identity/sign-in/attempt-limits.js";
import { openSignIn } from "#dist/identity/sign-in/service.js";
import { openUserFile, type UserFile } from "#dist/identity/users/user-file.js";
import { UserStore } from "#dist/identity/users/user-store.js";
import { CHEAP, freshUserFile, NO_DELAYS, PASSWORD } from "../sign-in/sign-in-app.ts";
import { startApp } from "../support/app.ts";
import { type ApiApp, type Reply, type Send, startApi } from "./api-app.ts";
import { type Document, type Operation, operationsOf, type Response, type Route, routesOf } from "./document.ts";

const TRANSPORTS = [cookieTransport(), headerTransport(), bearerTransport()];
const CROSS_SITE = { "Sec-Fetch-Site": "cross-site", "X-Forwarded-Method": "POST" };
const NO_SID = "0000000000000000000000";
const WRONG_LOGIN = { username: "alice", password: "wrong" };

/** How an operation is called when all is well. */
interface Ask extends Send {
  readonly path?: string;
}

let api: ApiApp;
let limits: AttemptLimits;
let file: UserFile;
let operations: readonly Operation[];
/** The next session that begins is told that the user's sessions were revoked meanwhile. */
let isRevokedMeanwhile = false;

/** So that 429 takes a few tries of one account, and nothing else gets in the way. */
const RULES = { ...NO_DELAYS, account: { free: 5, first: 60_000, longest: 60_000, most: 5, forgetAfter: 3_600_000 } };

before(async () => {
  const path = freshUserFile();
  file = openUserFile(path, { synchronous: "NORMAL" });
  limits = new AttemptLimits(file);
  new UserStore(file).add("alice", await CHEAP.hash(Buffer.from(PASSWORD)));
  const memory = memoryStore();
  const create: SessionStore["create"] = async (...args) => {
    if (!isRevokedMeanwhile) return memory.create(...args);
    isRevokedMeanwhile = false;
    return { status: "revoked" };
  };
  const store = new Proxy(memory, {
    get: (target, name) => (name === "create" ? create : (Reflect.get(target, name) as () => unknown).bind(target)),
  });
  api = await startApi({
    keys: path,
    manager: { transports: TRANSPORTS, store },
    signIn: (manager, security) => openSignIn({ path, manager, store, security, hasher: CHEAP, rules: RULES }),
  });
  operations = operationsOf((await api.send("GET", "/openapi.json")).body);
});
after(() => file?.close());

const signIn = async (): Promise<string> =>
  (await api.send("POST", "/login", { key: null, body: { username: "alice", password: PASSWORD } })).body.session_token;

/** A request that each operation answers with its success. */
const VALID: Readonly<Record<string, () => Ask | Promise<Ask>>> = {
  isLive: () => ({ key: null }),
  isReady: () => ({ key: null }),
  signIn: () => ({ key: null, body: { username: "alice", password: PASSWORD } }),
  changePassword: async () => ({
    key: null,
    token: await signIn(),
    body: { current_password: PASSWORD, new_password: PASSWORD },
  }),
  readProfile: async () => ({ key: null, token: await signIn() }),
  signOut: async () => ({ key: null, token: await signIn() }),
  listOwnSessions: async () => ({ key: null, token: await signIn() }),
  endOwnSessions: async () => ({ key: null, token: await signIn(), body: { all: true } }),
  verify: async () => ({ key: null, token: await signIn() }),
  readMetrics: () => ({}),
  beginSession: () => ({ body: { user_id: "ann", data: { a: 1 }, device: "Firefox" } }),
  readSession: async () => ({ token: await api.begin("ann") }),
  endSession: async () => ({ token: await api.begin("ann") }),
  changeData: async () => ({ token: await api.begin("ann"), body: { set: { a: 2 }, remove: ["b"] } }),
  rotateToken: async () => ({ token: await api.begin("ann") }),
  listUserSessions: () => ({ path: "/sessions?user_id=ann&limit=2" }),
  endUserSessions: () => ({ body: { user_id: "ann", all: true } }),
  readDocument: () => ({ key: null }),
};

/** Changes to a good request that lead to another answer. */
const SPOILED: Readonly<Record<string, (ask: Ask, operation: Operation) => Ask | Promise<Ask>>> = {
  "400": async (ask) => ({
    ...ask,
    token: await api.begin("x"),
    headers: { Authorization: `Bearer ${await api.begin("x")}` },
  }),
  "401": ({ token: _token, ...ask }, { hasKey }) => (hasKey ? { ...ask, key: null } : ask),
  "403": async (ask, { hasKey }) => {
    if (hasKey) return { ...ask, key: api.makeKey() };
    const { token, ...rest } = ask;
    return { ...rest, headers: { ...CROSS_SITE, Cookie: `__Host-session=${token}` } };
  },
  "404": (ask) => ({ ...ask, body: { user_id: "ann", sid: NO_SID } }),
  "412": (ask) => ({ ...ask, headers: { "If-Match": '"0"' } }),
  "413": (ask) => ({ ...ask, body: { user_id: "a", data: { a: "x".repeat(90_000) } } }),
  "415": (ask) => ({ ...ask, body: "x", headers: { "Content-Type": "text/plain" } }),
  "422": (ask, { method, path }) => {
    if (method === "POST" || method === "PATCH") return { ...ask, body: [] };
    return { ...ask, path: `${path}?user_id=&limit=0` };
  },
};

/** For requests to which neither applies. */
const SPECIAL: Readonly<Record<string, () => Promise<Ask>>> = {
  "signIn 401": async () => ({ key: null, body: WRONG_LOGIN }),
  "signIn 403": async () => ({ ...(await ask("signIn")), headers: CROSS_SITE }),
  "signIn 429": async () => ({ key: null, body: await untilLimited() }),
  "changePassword 403": async () => ({
    ...(await ask("changePassword")),
    body: { current_password: "wrong", new_password: PASSWORD },
  }),
  "changePassword 429": async () => {
    const asked = await ask("changePassword");
    await untilLimited();
    return asked;
  },
  "endUserSessions 400": async () => ({ body: "{" }),
  "endOwnSessions 404": async () => ({ ...(await ask("endOwnSessions")), body: { sid: NO_SID } }),
  "rotateToken 409": async () => {
    const asked = await ask("rotateToken");
    await api.send("POST", "/sessions/current/rotate", asked);
    return asked;
  },
};

async function ask(operationId: string): Promise<Ask> {
  return (await (VALID[operationId] ?? (() => assert.fail(`no request for ${operationId}`)))()) as Ask;
}

async function untilLimited(): Promise<typeof WRONG_LOGIN> {
  for (let tries = 0; tries < 10; tries++) {
    const { status } = await api.send("POST", "/login", { key: null, body: WRONG_LOGIN });
    if (status === 429) return WRONG_LOGIN;
  }
  return assert.fail("never limited");
}

/** The answer that an operation should give with this code. */
async function provoke(operation: Operation, code: string): Promise<Reply> {
  limits.clearAccount("alice");
  const { id, method, path } = operation;
  const special = SPECIAL[`${id} ${code}`];
  const asked = special === undefined ? await spoil(operation, code, await ask(id)) : await special();
  if (code === "503") breakWhatAnswers(id);
  isRevokedMeanwhile = code === "409" && id !== "rotateToken";
  try {
    return await api.send(method, asked.path ?? path, asked);
  } finally {
    api.store.recover();
    if (id === "readMetrics" && code === "503") renameKeys("elsewhere", "sessile_api_keys");
    isRevokedMeanwhile = false;
  }
}

function spoil(operation: Operation, code: string, asked: Ask): Ask | Promise<Ask> {
  if (code.startsWith("2") || code === "503" || code === "409") return asked;
  const spoiler = SPOILED[code];
  return spoiler === undefined
    ? assert.fail(`nothing here makes ${operation.id} answer ${code}`)
    : spoiler(asked, operation);
}

function breakWhatAnswers(id: string): void {
  if (id === "readMetrics") renameKeys("sessile_api_keys", "elsewhere");
  else api.store.fail();
}

function renameKeys(from: string, to: string): void {
  file.exec(`ALTER TABLE ${from} RENAME TO ${to}`);
}

describe("the document of the API", () => {
  test("names every route that there is, and every operation has words of its own", async () => {
    const described = new Set(operations.map(({ method, path }) => `${method} ${path}`));
    // HEAD is GET without the body; pages are for people; Envoy's way of asking is the words of `verify`.
    const isElsewhere = ({ method, path }: Route): boolean =>
      method === "HEAD" || path === "/" || path.startsWith("/docs") || path === "/verify*";
    const routes = routesOf(api.app.printRoutes({ commonPrefix: false })).filter((route) => !isElsewhere(route));
    assert.ok(routes.length > 80);
    for (const { method, path } of routes) {
      if (described.delete(`${method} ${path}`)) continue;
      const { status } = await api.send(method, path.replaceAll(/\{\w+\}/g, NO_SID));
      assert.equal(status, 405, `${method} ${path} is not described`);
    }
    assert.deepEqual([...described], [], "described, and not there");
    assert.equal(new Set(operations.map(({ id }) => id)).size, operations.length);
    for (const { id, summary, tags } of operations) assert.ok(summary.length > 5 && tags.length === 1, id);
  });

  test("M5: every code of every operation is answered when it should be, as it is described", async (t) => {
    let codes = 0;
    for (const operation of operations) {
      for (const [code, described] of Object.entries(operation.responses)) {
        const reply = await provoke(operation, code);
        const name = `${operation.id} ${code}`;
        assert.equal(String(reply.status), code, `${name}: ${JSON.stringify(reply.body).slice(0, 300)}`);
        assertDescribed(name, reply, described);
        codes++;
      }
    }
    t.diagnostic(`${operations.length} operations and ${codes} codes were driven from the document`);
  });

  test("whatever is sent, no operation answers anything that the document does not say", async (t) => {
    const [good, other, weak] = [await api.begin("x"), await api.begin("x"), api.makeKey()];
    let sent = 0;
    for (const operation of operations) {
      const path = operation.path.replaceAll(/\{\w+\}/g, NO_SID);
      const bodies = ["POST", "PATCH"].includes(operation.method)
        ? [undefined, "{", {}, { set: { a: 1 } }]
        : [undefined];
      for (const key of [null, "sak_x", weak, undefined])
        for (const token of [undefined, "ses_x", good])
          for (const headers of [{}, { Authorization: `Bearer ${other}` }, CROSS_SITE])
            for (const body of bodies) {
              const asked = { ...(key !== undefined && { key }), ...(token && { token }), headers };
              const reply = await api.send(operation.method, path, { ...asked, ...(body !== undefined && { body }) });
              const described = operation.responses[String(reply.status)];
              assert.ok(
                described,
                `${operation.id} answered ${reply.status}: ${JSON.stringify(reply.body).slice(0, 300)}`,
              );
              assertDescribed(operation.id, reply, described);
              sent++;
            }
    }
    t.diagnostic(`${sent} requests were answered as described`);
  });
});

test("the demo's sign-in is described as it is", async () => {
  const demo = await startApp({ manager: { transports: TRANSPORTS } });
  const described = operationsOf((await (await fetch(`${demo.url}/openapi.json`)).json()) as Document);
  const { responses } = described.find(({ id }) => id === "signIn") ?? assert.fail();
  assert.deepEqual(Object.keys(responses), ["200", "400", "403", "503"]);
  const login = (headers: Record<string, string>) => fetch(`${demo.url}/login`, { method: "POST", headers });
  assert.equal((await login({})).status, 200);
  const [one, other] = [(await demo.mint("1")).token, (await demo.mint("1")).token];
  assert.equal((await login({ "X-Session-Token": one, Authorization: `Bearer ${other}` })).status, 400);
  assert.equal((await login(CROSS_SITE)).status, 403);
  demo.store.fail("create");
  assert.equal((await login({})).status, 503);
  await demo.close();
});

const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true });

function assertDescribed(name: string, { body, headers }: Reply, described: Response): void {
  for (const header of Object.keys(described.headers ?? {})) assert.ok(headers.get(header), `${name} has no ${header}`);
  const type = headers.get("content-type")?.split(";")[0] ?? "";
  const { schema } = described.content?.[type] ?? assert.fail(`${name} is of type ${type}`);
  assert.ok(ajv.validate(schema, body), `${name}: ${ajv.errorsText()} in ${JSON.stringify(body).slice(0, 300)}`);
}
