// An Express program with Passport, before and after the one line that exchanges its store.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { test } from "node:test";
import { memoryStore } from "sessile";
import { expressSessionStore } from "sessile/express-session";
import { type Browser, listen, type Program, session } from "./program.ts";
import { todos } from "./todos.ts";

const load = createRequire(import.meta.url);

async function start(express: string, store: object): Promise<Program> {
  const app = load(express)();
  todos(store)(app);
  return listen(createServer(app));
}

/** Every answer to a user's visits, without tokens. */
async function visit(browser: Browser): Promise<string[]> {
  const seen: string[] = [];
  let token = "";
  const note = ({ status, location, text }: { status: number; location: string | null; text: string }) => {
    token = /"_csrf":"([^"]+)"/.exec(text)?.[1] ?? token;
    seen.push(`${status} ${location ?? (status === 200 ? text.replace(token, "token") : "")}`);
  };
  const get = async (path: string) => note(await browser.get(path));
  const post = async (path: string, fields: Record<string, string> = {}) =>
    note(await browser.post(path, { ...fields, _csrf: token }));
  await get("/");
  await get("/login");
  await post("/signup", { username: "anna", password: "right" });
  await get("/");
  await post("/", { title: "buy milk" });
  await post("/", { title: "call Bert" });
  await post("/1/toggle");
  await get("/?done=true");
  await post("/logout");
  await get("/?done=false");
  await get("/login");
  await post("/login/password", { username: "anna", password: "wrong" });
  await get("/login");
  await get("/login");
  await post("/login/password", { username: "anna", password: "right" });
  await get("/?done=false");
  token = "forged";
  await post("/", { title: "forged" });
  return seen;
}

for (const express of ["express", "express-4"]) {
  test(`a list of todos with Passport, on ${express}: each answer is the same before and after`, async (t) => {
    const before = await start(express, new session.MemoryStore());
    t.after(before.close);
    const store = expressSessionStore({
      store: memoryStore(),
      userLimit: { max: 2, onExceeded: "evictOldest" },
      sweepInterval: 0,
    });
    const after = await start(express, store);
    t.after(after.close);
    const [old, now] = [await visit(before.browser()), await visit(after.browser())];
    assert.deepEqual(now, old);
    assert.match(old.join("\n"), /Incorrect username or password/);
    assert.match(old.at(-2) as string, /"call Bert"/);
    assert.match(old.at(-1) as string, /^403/);

    const devices = [after.browser(), after.browser()];
    for (const device of devices) {
      const { text } = await device.get("/login");
      const { _csrf } = JSON.parse(text);
      await device.post("/login/password", { username: "anna", password: "right", _csrf });
    }
    const { sessions } = await store.manager.list("1");
    assert.equal(sessions.length, 2, "the limit ended the first of three sign-ins");
    await store.manager.revoke(sessions[0]?.sid as string);
    const states = await Promise.all(devices.map(async (device) => (await device.get("/")).status));
    assert.deepEqual(states.sort(), [200, 302], "one device is signed out");
    await store.manager.revokeUser("1");
    for (const device of devices) assert.equal((await device.get("/")).location, "/login");
  });
}
