// Programs that `node --watch` restarts at every change of their source, while clients go on asking.

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { temporaryFolder } from "sessile-test-support/folder";
import { waitUntil } from "sessile-test-support/wait-until";
import { unable } from "./sqlite/raw.ts";

/** Prints its address. `store` is an expression. */
const programOf = (store: string): string => `
  import { createServer } from "node:http";
  import { headerTransport, memoryStore, SessionManager } from "${import.meta.resolve("sessile")}";
  import { withSession } from "${import.meta.resolve("sessile/node")}";
  import { sqliteStore } from "${import.meta.resolve("sessile/sqlite")}";

  const manager = new SessionManager({ store: ${store}, transports: [headerTransport()] });
  const server = createServer(withSession(manager, async (request, response, session) => {
    if (request.url === "/login") await session.signIn("anna");
    if (request.url === "/visit") session.update("visits", (visits) => Number(visits ?? 0) + 1);
    response.end(JSON.stringify({ user: session.userId, visits: session.get("visits") ?? 0 }));
  }));
  server.listen(0, "127.0.0.1", () => console.log("at http://127.0.0.1:" + server.address().port));
`;

test("node --watch: sessions in memory end with each restart", async (t) => {
  const program = await start(t, "memoryStore()");
  const token = await signIn(program.url());
  await program.restart();
  assert.deepEqual(await askUntilAnswered(program, "/", token), { user: null, visits: 0 });
});

test("node --watch: sessions in SQLite go on, with every acknowledged change, and no lock is left behind", {
  skip: unable,
}, async (t) => {
  const program = await start(t, `sqliteStore({ path: ${JSON.stringify(join(temporaryFolder(), "s.db"))} })`);
  const token = await signIn(program.url());
  let acknowledged = 0;
  for (let restarts = 0; restarts < 3; restarts++) {
    let isRestarted = false;
    const visit = async (): Promise<void> => {
      while (!isRestarted) if (await ask(program.url(), "/visit", token).catch(() => null)) acknowledged++;
    };
    const visitors = [visit(), visit()];
    const before = acknowledged;
    await waitUntil("some visits are acknowledged", () => acknowledged > before + 10);
    await program.restart();
    isRestarted = true;
    await Promise.all(visitors);
    const { user, visits } = await askUntilAnswered(program, "/visit", token);
    acknowledged++;
    assert.equal(user, "anna");
    assert.ok(visits >= acknowledged, `${visits} of ${acknowledged}`);
  }
});

interface Program {
  /** Of the present process. */
  readonly url: () => string;
  /** Changes the source, and waits until another process serves. */
  readonly restart: () => Promise<void>;
}

async function start(t: TestContext, store: string): Promise<Program> {
  const path = join(temporaryFolder(), "program.mjs");
  writeFileSync(path, programOf(store));
  const child = spawn(process.execPath, ["--watch", path], { stdio: ["ignore", "pipe", "pipe"] });
  t.after(() => end(child));
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  const urls = (): string[] => [...output.matchAll(/^at (\S+)$/gm)].map(([, url]) => url as string);
  const started = async (count: number): Promise<void> => {
    await waitUntil(`it serves: ${output}`, () => urls().length >= count || child.exitCode !== null);
    assert.equal(child.exitCode, null, output);
  };
  await started(1);
  const restart = async (): Promise<void> => {
    const count = urls().length;
    writeFileSync(path, `${programOf(store)}// ${count}\n`);
    await started(count + 1);
  };
  return { url: () => urls().at(-1) ?? assert.fail(output), restart };
}

/** The watcher, which ends its program. */
async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  await ended;
}

interface Answer {
  readonly user: string | null;
  readonly visits: number;
}

async function signIn(url: string): Promise<string> {
  const response = await fetch(`${url}/login`, { method: "POST" });
  return response.headers.get("x-session-token") ?? assert.fail();
}

async function ask(url: string, path: string, token: string): Promise<Answer> {
  const response = await fetch(url + path, { method: "POST", headers: { "x-session-token": token } });
  assert.equal(response.status, 200);
  return (await response.json()) as Answer;
}

/** One change of the source may restart the program twice. */
async function askUntilAnswered({ url }: Program, path: string, token: string): Promise<Answer> {
  let answer: Answer | undefined;
  await waitUntil("it answers", async () => {
    answer = await ask(url(), path, token);
    return true;
  });
  return answer ?? assert.fail();
}
