// B2, B7: 100,000 hostile credentials over every transport, through a real socket.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { after, before, test } from "node:test";
import { bearerTransport, cookieTransport, headerTransport, memoryStore, SessionManager } from "sessile";
import { withSession } from "sessile/node";
import type { SessionStore } from "sessile/store";
import { byDepth } from "sessile-test-support/depth";

const CASES = byDepth(5_000, 100_000, 2_000_000);
const BATCH = 500;
/** Values that Node's own parser refuses end their connection, so each needs one of its own. */
const UNPARSEABLE = byDepth(200, 2_000, 20_000);

const BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const NASTY = [
  "",
  "*",
  "?",
  "[a]",
  "../x",
  "{tag}",
  "%00",
  "' OR 1=1--",
  "__proto__",
  "constructor",
  "null",
  "undefined",
  "🔑",
  "é\u00ff",
  "a,b",
  "a;b",
  '"',
  "\\",
  "  ",
  "\t",
  "$1",
  "ses_",
  "SES_",
  "ses_ses_",
];

let seed = 0x5e551;
function random(below: number): number {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
  return Math.floor((seed / 2 ** 32) * below);
}

function base62(length: number): string {
  return Array.from({ length }, () => BASE62[random(62)]).join("");
}

function hostileValue(wellFormed: string): string {
  const kinds = [
    () => NASTY[random(NASTY.length)] as string,
    () => base62(random(200)),
    () => `ses_${base62(72)}`,
    () => wellFormed.slice(0, random(76)),
    () => wellFormed + base62(1 + random(3)),
    () => wellFormed.slice(0, 40) + (NASTY[random(NASTY.length)] as string) + wellFormed.slice(41),
    () => wellFormed.toUpperCase(),
    () => `${wellFormed}, ${base62(76)}`,
    () => "x".repeat(random(4000)),
  ];
  return (kinds[random(kinds.length)] as () => string)();
}

function headersOf(value: string): string {
  const other = base62(76);
  return [
    `X-Session-Token: ${value}`,
    `Authorization: Bearer ${value}`,
    `Cookie: __Host-session=${value}`,
    `Cookie: a=b; __Host-session=${value}; __Host-session=${value}`,
    `X-Session-Token: ${value}\r\nAuthorization: Bearer ${other}`,
    `X-Session-Token: ${value}\r\nX-Session-Token: ${other}`,
    `Authorization: ${value}`,
    `Authorization: bearer ${value}\r\nAuthorization: Bearer ${value}`,
    `Cookie: __host-session=${value}; __Host-session =${value}`,
  ][random(9)] as string;
}

const memory = memoryStore();
const storeCalls: PropertyKey[] = [];
const store: SessionStore = new Proxy(memory, {
  get(target, name) {
    const value = Reflect.get(target, name, target) as unknown;
    if (typeof value !== "function") return value;
    return (...args: unknown[]) => {
      storeCalls.push(name);
      return Reflect.apply(value, target, args) as unknown;
    };
  },
});
const manager = new SessionManager({
  store,
  transports: [headerTransport(), bearerTransport(), cookieTransport()],
  sweepInterval: 0,
});
const server = createServer(
  withSession(
    manager,
    (_request, response, session) => void response.writeHead(session.isSignedIn() ? 200 : 401).end(),
  ),
);
let wellFormed = "";

before(async () => {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { session, commit } = await manager.open({ method: "POST", path: "/", header: () => undefined });
  wellFormed = await session.signIn("1");
  await commit(200, { get: () => undefined, set() {}, append() {} });
  await session.signOut().catch(() => {});
});
after(() => server.close());

/** Sends raw text and gives back every status line's code until the server closes the connection. */
async function send(text: string): Promise<number[]> {
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
  let answers = "";
  socket.setEncoding("latin1").on("data", (chunk) => {
    answers += chunk;
  });
  socket.on("error", () => {}); // a reset after the answer is the parser's right
  socket.end(Buffer.from(text, "utf8"));
  await once(socket, "close");
  return [...answers.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status));
}

function requestOf(headers: string, isLast: boolean): string {
  return `GET / HTTP/1.1\r\nHost: x\r\n${headers}\r\n${isLast ? "Connection: close\r\n" : ""}\r\n`;
}

test(`B2: ${CASES} ill-formed credentials give no 5xx, no sign-in and no store call`, async () => {
  storeCalls.length = 0;
  const counts = new Map<number, number>();
  for (let done = 0; done < CASES; done += BATCH) {
    const requests = Array.from({ length: BATCH }, (_, i) =>
      requestOf(headersOf(hostileValue(wellFormed)), i === BATCH - 1),
    );
    const statuses = await send(requests.join(""));
    assert.equal(statuses.length, BATCH);
    for (const status of statuses) counts.set(status, (counts.get(status) ?? 0) + 1);
  }
  assert.deepEqual([...counts.keys()].sort(), [400, 401]);
  assert.deepEqual(storeCalls, []);
});

test(`B2: ${UNPARSEABLE} values that no header can hold are refused before the session is looked for`, async () => {
  storeCalls.length = 0;
  for (let i = 0; i < UNPARSEABLE; i++) {
    const bad = ["\0", "\x01", "\x7f", "\n", "\r", "\r\nX:", "\x1b[31m"][random(7)] as string;
    const at = random(76);
    const statuses = await send(
      requestOf(`X-Session-Token: ${wellFormed.slice(0, at)}${bad}${wellFormed.slice(at)}`, true),
    );
    for (const status of statuses) assert.ok(status === 400 || status === 401, `${JSON.stringify(bad)} gave ${status}`);
  }
  assert.deepEqual(storeCalls, []);
});

test("A5: a forged token with a right checksum costs one look and answers like any other", async () => {
  storeCalls.length = 0;
  const other = new SessionManager({ store: memoryStore(), transports: [headerTransport()], sweepInterval: 0 });
  const { session } = await other.open({ method: "POST", path: "/", header: () => undefined });
  const forged = await session.signIn("1");
  assert.deepEqual(await send(requestOf(`X-Session-Token: ${forged}`, true)), [401]);
  assert.deepEqual(storeCalls, ["peek", "load"]);
});
