// Starts every example as a new user would, and uses it as curl would: with the token that it hands out, wherever that is.

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { freePort } from "sessile-test-support/free-port";

const FOLDER = fileURLToPath(new URL("..", import.meta.url));
const LONGEST = 30;
const NAMES = readdirSync(FOLDER)
  .filter((file) => file.endsWith(".ts") && !file.endsWith(".d.ts"))
  .map((file) => file.slice(0, -".ts".length));

describe("examples", { concurrency: true }, () => {
  for (const name of NAMES) {
    test(`${name} refuses a stranger without a log, signs in, shows the profile and signs out`, async () => {
      const program = await start(name);
      try {
        await useProgram(program.url);
        assert.equal(program.log(), "");
      } finally {
        await program.stop();
      }
    });

    test(`${name} has at most ${LONGEST} lines`, () => {
      assert.ok(
        readFileSync(join(FOLDER, `${name}.ts`), "utf8")
          .trimEnd()
          .split("\n").length <= 30,
      );
    });
  }
});

async function useProgram(url: string): Promise<void> {
  const anonymous = await fetch(`${url}/profile`);
  assert.deepEqual([anonymous.status, await anonymous.json()], [401, { detail: "Not authenticated" }]);
  assert.match(anonymous.headers.get("www-authenticate") ?? "", /^Bearer/);
  const headers = await credentialOf(await fetch(`${url}/login`, { method: "POST" }));
  const profile = await fetch(`${url}/profile`, { headers });
  assert.equal(profile.status, 200);
  assert.equal(profile.headers.get("cache-control"), "no-store");
  assert.deepEqual(await profile.json(), { username: "john_doe", user_id: 1 });
  const logout = await fetch(`${url}/logout`, { method: "POST", headers });
  assert.deepEqual([logout.status, await logout.json()], [200, { message: "Logged out successfully" }]);
  assert.equal((await fetch(`${url}/profile`, { headers })).status, 401);
}

/** What to send back of a sign-in's answer. */
async function credentialOf(login: Response): Promise<Record<string, string>> {
  assert.equal(login.status, 200);
  const cookie = login.headers.getSetCookie()[0]?.split(";")[0];
  if (cookie !== undefined) return { cookie };
  const { session_token: token } = (await login.json()) as { session_token: string };
  assert.equal(login.headers.get("x-session-token"), token);
  return { "x-session-token": token };
}

async function start(name: string): Promise<{ url: string; log: () => string; stop: () => Promise<void> }> {
  const port = await freePort();
  const env = { ...process.env, PORT: String(port) };
  const child = spawn(process.execPath, [join(FOLDER, "dist", `${name}.js`)], {
    env,
    stdio: ["ignore", "inherit", "pipe"],
  });
  let written = "";
  child.stderr.on("data", (text) => {
    written += text;
    process.stderr.write(text);
  });
  const ended = once(child, "close");
  const url = `http://127.0.0.1:${port}`;
  await untilAnswering(url, child);
  const stop = async (): Promise<void> => {
    child.kill();
    await ended;
  };
  return { url, log: () => written, stop };
}

async function untilAnswering(url: string, child: ChildProcess): Promise<void> {
  while (child.exitCode === null) {
    const isAnswering = await fetch(url).then(
      () => true,
      () => false,
    );
    if (isAnswering) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.fail(`The program ended with code ${child.exitCode}.`);
}
