// M6: a server that is told to stop finishes what it has begun, and what it acknowledged is kept.

import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync } from "node:fs";
import type { Socket } from "node:net";
import { test } from "node:test";
import { call, profile, signIn } from "../support/client.ts";
import { closed, openSocket } from "../support/raw.ts";
import { startServer, startTunedServer } from "../support/server-process.ts";
import { freshStore } from "../support/stores.ts";

interface Begun {
  readonly socket: Socket;
  /** Everything that came back until the server closed the connection, and whether that was a reset. */
  readonly answer: Promise<{ readonly text: string; readonly isReset: boolean }>;
}

/** A sign-out of which the server has read the headers and waits for the body: it says "100 Continue" exactly then. */
async function beginSignOut(url: string, token: string): Promise<Begun> {
  const socket = openSocket(url).setEncoding("latin1");
  const headers = `Host: x\r\nX-Session-Token: ${token}\r\nContent-Type: text/plain\r\nContent-Length: 2\r\nExpect: 100-continue`;
  socket.write(`POST /logout HTTP/1.1\r\n${headers}\r\n\r\n`);
  await once(socket, "data");
  let [text, isReset] = ["", false];
  socket.on("data", (part) => {
    text += part;
  });
  socket.on("error", () => {
    isReset = true;
  });
  return { socket, answer: closed(socket).then(() => ({ text, isReset })) };
}

/** A stopping server takes no new connections. */
async function untilStopping(url: string): Promise<void> {
  for (;;) {
    const socket = openSocket(url);
    const isRefused = await Promise.race([
      once(socket, "connect").then(() => false),
      closed(socket).then(() => true),
    ]).catch(() => true);
    socket.destroy();
    if (isRefused) return;
  }
}

test("M6: 100 sign-outs under way at SIGTERM are answered, and hold after a restart; idle connections just end", async (t) => {
  const store = await freshStore("sqlite");
  const server = await startServer(["--store", store.option, "--log-level", "silent"]);
  t.after(() => server.end("SIGKILL"));
  const tokens = await Promise.all(Array.from({ length: 100 }, () => signIn(server.url)));
  const kept = await signIn(server.url);
  const begun = await Promise.all(tokens.map((token) => beginSignOut(server.url, token)));
  const idle = openSocket(server.url);
  idle.write("GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n");
  await once(idle, "data");
  const idleClosed = closed(idle);
  server.signal("SIGTERM");
  await untilStopping(server.url);
  await idleClosed;
  for (const { socket } of begun) socket.write("ok");
  for (const { answer } of begun) {
    const { text, isReset } = await answer;
    assert.match(text, /^HTTP\/1\.1 200 [\s\S]*\r\nconnection: close\r\n[\s\S]*Logged out successfully/i);
    assert.equal(isReset, false);
  }
  assert.equal(await server.ended, 0);
  const path = store.option.slice("sqlite:".length);
  assert.equal(existsSync(`${path}-wal`), false, "the write-ahead log is folded into the file");
  const restarted = await startServer(["--store", store.option, "--log-level", "silent"]);
  for (const token of tokens) assert.equal((await profile(restarted.url, token)).status, 401);
  assert.equal((await profile(restarted.url, kept)).status, 200);
  assert.equal(await restarted.end(), 0);
});

test("M6: a connection that has not sent a request, or half of one, is not waited for", async (t) => {
  const server = await startServer(["--store", "memory", "--log-level", "silent"]);
  t.after(() => server.end("SIGKILL"));
  const sockets = ["", "GET /prof"].map((beginning) => {
    const socket = openSocket(server.url);
    socket.write(beginning);
    return socket;
  });
  const ends = Promise.all(sockets.map(closed));
  await Promise.all(sockets.map((socket) => once(socket, "connect")));
  await call(server.url, "GET", "/health/live");
  assert.equal(await server.end(), 0);
  await ends;
});

test("M6: a request that never ends is not waited for beyond the deadline, and the exit code tells", async (t) => {
  const patient = { connectionTimeout: 600_000, requestTimeout: 600_000 };
  const server = await startTunedServer(["--store", "memory", "--log-level", "silent"], {
    ...patient,
    stopDeadline: 1000,
  });
  t.after(() => server.end("SIGKILL"));
  const { socket, answer } = await beginSignOut(server.url, await signIn(server.url));
  server.signal("SIGTERM");
  assert.equal(await server.ended, 1);
  await answer;
  socket.destroy();
});

test("M6: a second signal, later than the terminal's own echo, ends the server at once", async (t) => {
  const server = await startServer(["--store", "memory", "--log-level", "silent", "--stop-delay", "60s"]);
  t.after(() => server.end("SIGKILL"));
  server.signal("SIGTERM");
  while ((await call(server.url, "GET", "/health/ready")).status === 200);
  const started = performance.now();
  const again = setInterval(() => server.signal("SIGINT"), 50);
  const code = await server.ended;
  clearInterval(again);
  assert.equal(code, 1);
  assert.ok(performance.now() - started < 30_000, "it must not wait for the delay");
});
