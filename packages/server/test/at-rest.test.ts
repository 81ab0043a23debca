// C1, N1: a thief of the store or the log gains nothing.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { createClient } from "@redis/client";
import { call, profile, signIn, signOut } from "./support/client.ts";
import { startServer } from "./support/server-process.ts";
import { freshStore } from "./support/stores.ts";

/** Everything a thief would look for: the token, its secret, in the usual spellings. */
function spellings(token: string): string[] {
  const secret = token.slice(4 + 22, 4 + 22 + 43);
  return [token, secret].flatMap((text) => [
    text,
    Buffer.from(text).toString("base64").replace(/=+$/, ""),
    Buffer.from(text).toString("hex"),
  ]);
}

function assertAbsent(haystack: Buffer, token: string, where: string): void {
  for (const needle of spellings(token))
    assert.equal(haystack.includes(needle), false, `${where} holds a usable token`);
}

/** Does everything that touches a token, well and badly. Gives back all tokens that were used, two of them live. */
async function useSessions(url: string): Promise<string[]> {
  const tokens: string[] = [];
  for (let i = 0; i < 5; i++) tokens.push(await signIn(url));
  for (const token of tokens) {
    await profile(url, token);
    await call(url, "GET", `/profile?token=${token}`);
    await call(url, "GET", `/nothing/${token}`);
    await call(url, "GET", "/profile", { Authorization: `Bearer ${token}`, "X-Session-Token": `${token}x` });
    await call(url, "GET", "/profile", { Authorization: `Basic ${token}` });
  }
  for (const token of tokens.slice(2)) await signOut(url, token);
  return tokens;
}

test("C1: the SQLite file and its log hold no usable token, and neither does the server's own log at trace", async () => {
  const store = await freshStore("sqlite");
  const server = await startServer(["--store", store.option, "--log-level", "trace"]);
  const tokens = await useSessions(server.url);
  const path = store.option.slice("sqlite:".length);
  const files = [path, `${path}-wal`, `${path}-shm`].filter((file) => existsSync(file));
  assert.ok(files.length >= 2, "there must be something to look at");
  for (const token of tokens) for (const file of files) assertAbsent(readFileSync(file), token, file);
  const digest = createHash("sha256")
    .update(tokens[0]?.slice(26, 70) as string)
    .digest("base64url");
  assert.ok(
    files.some((file) => readFileSync(file).includes(digest)),
    "the search must be able to find: the digest is there",
  );
  await server.end();
  const { stdout, stderr } = server.output();
  assert.match(stderr, /signedIn/, "the log must say something");
  for (const token of tokens) assertAbsent(Buffer.from(stdout + stderr), token, "the log");
  for (const token of tokens) assertAbsent(readFileSync(path), token, "the closed file");
});

test("C1: no key and no value in Redis holds a usable token, and a stored digest is no token", async () => {
  const store = await freshStore("redis");
  const server = await startServer(["--store", store.option, "--log-level", "trace"]);
  const tokens = await useSessions(server.url);
  const client = await createClient({ url: store.option }).connect();
  const texts: string[] = [];
  for (const key of (await client.sendCommand(["KEYS", "*"])) as unknown as string[]) {
    texts.push(key);
    const type = String(await client.sendCommand(["TYPE", key]));
    if (type === "string") texts.push(String(await client.sendCommand(["GET", key])));
    else texts.push(JSON.stringify(await client.sendCommand(["ZRANGE", key, "0", "-1", "WITHSCORES"])));
  }
  const dump = Buffer.from(texts.join("\n"));
  assert.ok(
    texts.length >= 4 && dump.includes(tokens[0]?.slice(4, 26) as string),
    "the sid of a live session must be found",
  );
  for (const token of tokens) assertAbsent(dump, token, "Redis");
  const digest = createHash("sha256")
    .update(tokens[0]?.slice(26, 70) as string)
    .digest("base64url");
  assert.ok(dump.includes(digest));
  for (const forged of [digest, `ses_${tokens[0]?.slice(4, 26)}${digest}`, tokens[0]?.slice(4, 26) as string]) {
    assert.equal((await profile(server.url, forged)).status, 401);
  }
  client.destroy();
  await server.end();
  for (const token of tokens) assertAbsent(Buffer.from(JSON.stringify(server.output())), token, "the log");
  await store.close();
});
