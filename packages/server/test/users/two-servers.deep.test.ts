// D9: two real servers with different stores and one file of users. Changes by the command line apply to both.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { temporaryFolder } from "sessile-test-support/folder";
import { login, PASSWORD } from "../sign-in/sign-in-app.ts";
import { profile } from "../support/client.ts";
import { type ServerProcess, startServer } from "../support/server-process.ts";
import { freshStore } from "../support/stores.ts";

const CLI = fileURLToPath(new URL("../../dist/cli.js", import.meta.url));

/** `sessile users …`, with `input` on standard input; what it printed. */
async function users(args: readonly string[], input = ""): Promise<string> {
  const child = spawn(process.execPath, [CLI, "users", ...args], { stdio: ["pipe", "pipe", "inherit"] });
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (piece: string) => {
    text += piece;
  });
  child.stdin.end(input);
  assert.deepEqual(await once(child, "close"), [0, null]);
  return text;
}

const tokenOf = async ({ url }: ServerProcess, password: string): Promise<string> =>
  (await login(url, "bob", password)).body.session_token ?? assert.fail("not signed in");

for (const [first, second] of [
  ["sqlite", "memory"],
  ["redis", "sqlite"],
] as const)
  test(`a user's sessions end at both servers, on ${first} and on ${second}, and one that is down ends them when it starts`, async () => {
    const stores = [await freshStore(first), await freshStore(second)];
    const path = join(temporaryFolder(), "users.db");
    const start = (i: number) =>
      startServer(["--store", stores[i]?.option ?? "", "--users", path, "--log-level", "silent"]);
    await users(["add", "bob", "--users", path], PASSWORD);
    const servers = [await start(0), await start(1)];
    after(async () => {
      for (const server of servers) await server.end("SIGKILL");
      for (const store of stores) await store.close();
    });
    const check = async (tokens: readonly string[]): Promise<void> => {
      for (const [i, token] of tokens.entries())
        assert.equal((await profile(servers[i]?.url ?? "", token)).status, 401);
    };
    const signIn = (password: string) => Promise.all(servers.map((server) => tokenOf(server, password)));
    let tokens = await signIn(PASSWORD);
    assert.match(await users(["passwd", "bob", "--users", path], `${PASSWORD} 2`), /All sessions have ended\.\n$/);
    await check(tokens);
    tokens = await signIn(`${PASSWORD} 2`);
    assert.match(await users(["disable", "bob", "--users", path]), /All sessions have ended\.\n$/);
    await check(tokens);
    await users(["enable", "bob", "--users", path]);
    tokens = await signIn(`${PASSWORD} 2`);
    await servers[0]?.end("SIGKILL");
    assert.match(
      await users(["disable", "bob", "--users", path]),
      /No server answered for (?:sqlite|redis):\S+; the sessions there end when one starts\.\n$/,
    );
    servers[0] = await start(0);
    await check(tokens);
    await users(["enable", "bob", "--users", path]);
    await Promise.all(servers.map((server) => server.end()));
    const said = await users(["disable", "bob", "--users", path]);
    if (second === "memory") assert.doesNotMatch(said, /memory/);
    else assert.match(said, /No server answered for \S+, \S+; the/);
  });
