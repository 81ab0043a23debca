// Runs a bundle with each store, uses it over HTTP, ends it, and runs it again: acknowledged changes must still hold.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as wait } from "node:timers/promises";

const PARALLEL = 20;
const START_SECONDS = 60;

/**
 * Signs in, changes one value twenty times at once, restarts, signs out, restarts.
 * @param {{ command: string[], cwd: string, env: Record<string, string> }} program how it is started
 * @param {boolean} isLasting whether the store outlives the process
 */
export async function drive(program, isLasting) {
  let token;
  await withProgram(program, async (url) => {
    assert.equal((await fetch(`${url}/me`)).status, 401);
    token = (await post(url, "/login")).headers.get("x-session-token");
    assert.match(token ?? "no token", /^ses_/);
    await Promise.all(Array.from({ length: PARALLEL }, () => post(url, "/visit", token)));
    assert.deepEqual(await me(url, token), { user: "anna", visits: PARALLEL });
  });
  await withProgram(program, async (url) => {
    assert.deepEqual(await me(url, token), isLasting ? { user: "anna", visits: PARALLEL } : 401);
    token = isLasting ? token : (await post(url, "/login")).headers.get("x-session-token");
    await post(url, "/logout", token);
    assert.equal(await me(url, token), 401);
  });
  await withProgram(program, async (url) => assert.equal(await me(url, token), 401));
}

async function post(url, path, token) {
  const response = await fetch(url + path, { method: "POST", headers: token ? { "x-session-token": token } : {} });
  assert.equal(response.status, 200, `POST ${path}: ${await response.text()}`);
  return response;
}

async function me(url, token) {
  const response = await fetch(`${url}/me`, { headers: { "x-session-token": token } });
  return response.status === 200 ? response.json() : response.status;
}

/** The process is killed, not asked to stop: acknowledged changes must not depend on a clean end. */
async function withProgram({ command: [file, ...args], cwd, env }, use) {
  const child = spawn(file, args, { cwd, env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  const exited = once(child, "exit");
  const output = [];
  try {
    await use(await urlOf(child, output));
  } catch (error) {
    error.message += `\nThe program printed:\n${output.join("")}`;
    throw error;
  } finally {
    kill();
    await exited;
    process.off("exit", kill);
  }
}

/** A program prints its address once it listens. */
async function urlOf(child, output) {
  const timer = new AbortController();
  const printed = new Promise((resolve) => {
    const take = (text) => {
      output.push(text);
      const [url] = /http:\/\/127\.0\.0\.1:[1-9]\d*/.exec(output.join("")) ?? [];
      if (url !== undefined) resolve(url);
    };
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", take);
  });
  const ended = once(child, "exit", timer).then(([code, signal]) => `It ended (${signal ?? code}).`);
  const overtime = wait(START_SECONDS * 1000, "It did not listen in time.", timer);
  try {
    const first = await Promise.race([printed, ended, overtime]);
    if (!first.startsWith("http:")) throw new Error(first);
    return first;
  } finally {
    for (const each of [ended, overtime]) each.catch(() => {});
    timer.abort();
  }
}
