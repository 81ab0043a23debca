// M6 with a thousand requests in flight: none fails, and every change that was acknowledged is there after a restart.

import assert from "node:assert/strict";
import { once } from "node:events";
import type { Socket } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import { temporaryFolder } from "sessile-test-support/folder";
import { KeyStore } from "#dist/identity/keys/key-store.js";
import { makeUserFile, openUserFile } from "#dist/identity/users/user-file.js";
import { closed, openSocket } from "../support/raw.ts";
import { type ServerProcess, startServer } from "../support/server-process.ts";
import { freshStore } from "../support/stores.ts";

const SESSIONS = 50;
const CHANGES = 20;

interface InFlight {
  readonly socket: Socket;
  readonly body: string;
  /** All that came back until the connection was closed. */
  readonly answer: Promise<string>;
}

for (const kind of ["sqlite", "redis"] as const) {
  test(`M6: of 1,000 changes under way at SIGTERM none fails or is lost, on ${kind}`, async (t) => {
    const store = await freshStore(kind);
    const [users, key] = makeKey();
    const args = ["--store", store.option, "--users", users, "--log-level", "error"];
    const server = await startServer(args);
    t.after(async () => {
      await server.end("SIGKILL");
      await store.close();
    });
    const tokens = await Promise.all(
      Array.from({ length: SESSIONS }, (_, user) => begin(server.url, key, `user${user}`)),
    );
    const requests: InFlight[] = [];
    for (let index = 0; index < CHANGES; index++)
      requests.push(...(await beginChanges(server.url, key, tokens, index)));
    assert.equal(requests.length, 1000);

    const started = performance.now();
    for (const { socket, body } of requests) socket.write(body);
    server.signal("SIGTERM");
    const answers = await Promise.all(requests.map(({ answer }) => answer));
    assert.equal(await server.ended, 0);
    const took = performance.now() - started;
    const failed = answers.filter((answer) => !answer.startsWith("HTTP/1.1 200 "));
    assert.equal(failed.length, 0, `${failed[0]}\n${server.output().stderr.slice(0, 1000)}`);

    const restarted = await startServer(args);
    const kept = await Promise.all(tokens.map((token) => read(restarted, key, token)));
    const expected = Object.fromEntries(Array.from({ length: CHANGES }, (_, index) => [`k${index}`, index]));
    for (const data of kept) assert.deepEqual(data, expected);
    assert.equal(await restarted.end(), 0);
    t.diagnostic(
      `${kind}: ${answers.length} answered 200 within ${Math.round(took)} ms of SIGTERM, ${SESSIONS * CHANGES} changes present`,
    );
  });
}

function makeKey(): [path: string, key: string] {
  const path = join(temporaryFolder(), "users.db");
  makeUserFile(path);
  const file = openUserFile(path, { synchronous: "NORMAL" });
  const made = new KeyStore(file).add("app", ["sessions:create", "sessions:read", "sessions:write"]);
  file.close();
  return [path, made?.key ?? assert.fail()];
}

async function begin(url: string, key: string, userId: string): Promise<string> {
  const headers = { "X-API-Key": key, "Content-Type": "application/json" };
  const answer = await fetch(`${url}/sessions`, { method: "POST", headers, body: JSON.stringify({ user_id: userId }) });
  return ((await answer.json()) as { session_token: string }).session_token;
}

/**
 * One request for each session, of which the server has read the headers and waits for the body: it says "100 Continue"
 * then.
 */
function beginChanges(url: string, key: string, tokens: readonly string[], index: number): Promise<InFlight[]> {
  return Promise.all(
    tokens.map(async (token) => {
      const body = JSON.stringify({ set: { [`k${index}`]: index } });
      const socket = openSocket(url).setEncoding("latin1");
      const lines = [`X-API-Key: ${key}`, `X-Session-Token: ${token}`, "Content-Type: application/json"];
      const framing = `Content-Length: ${body.length}\r\nExpect: 100-continue`;
      socket.write(`PATCH /sessions/current/data HTTP/1.1\r\nHost: x\r\n${lines.join("\r\n")}\r\n${framing}\r\n\r\n`);
      await once(socket, "data");
      let text = "";
      socket.on("data", (part) => {
        text += part;
      });
      return { socket, body, answer: closed(socket).then(() => text) };
    }),
  );
}

async function read({ url }: ServerProcess, key: string, token: string): Promise<object> {
  const answer = await fetch(`${url}/sessions/current`, { headers: { "X-API-Key": key, "X-Session-Token": token } });
  assert.equal(answer.status, 200);
  return ((await answer.json()) as { data: object }).data;
}
