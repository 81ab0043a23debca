// A program: how long the admin page takes until it can be used, how much it loads, how long it takes to end a user's
// session, and what it costs the server while it is open.

import { once } from "node:events";
import { createServer } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import type { Browser } from "playwright-core";
import { PASSWORD } from "../../sign-in/sign-in-app.ts";
import { startAdminServer } from "../admin-server.ts";
import { launch, openPage } from "./chromium.ts";
import { signIn } from "./operator.ts";

const SECONDS = 20;
/**
 * An average typist's key, and the thought before each step: the keystroke-level model of Card, Moran and Newell
 * (1980); ms.
 */
const KEY = 280;
const THOUGHT = 1350;
/** To search, to choose the session, to answer the question. */
const THOUGHTS = 3;

const port = await freePort();
const args = ["--store", "memory", "--admin", "--log-level", "silent", "--metrics", `127.0.0.1:${port}`];
const server = await startAdminServer(args);
const browser = await launch();
try {
  await measureLoad(browser);
  await measureTask(browser);
  await measureCost(browser);
} finally {
  await browser.close();
  await server.end();
  server.file.close();
}

/** Medians of seven loads without and with a cache. Usable: the page is drawn, its charts too, and answers a key. */
async function measureLoad(browser: Browser): Promise<void> {
  const { page, context } = await openPage(browser, server.url);
  await page.goto("/admin");
  await signIn(page);
  await page.locator(".uplot").last().waitFor();
  const session = await context.newCDPSession(page);
  await session.send("Network.enable");
  for (const cacheDisabled of [true, false]) {
    await session.send("Network.setCacheDisabled", { cacheDisabled });
    const [times, sizes]: [number[], number[]] = [[], []];
    for (let i = 0; i < 7; i++) {
      let bytes = 0;
      const count = ({ encodedDataLength }: { encodedDataLength: number }): void => {
        bytes += encodedDataLength;
      };
      session.on("Network.loadingFinished", count);
      const begun = performance.now();
      await page.goto("/admin", { waitUntil: "commit" });
      await page.locator(".uplot").last().waitFor();
      await page.keyboard.press("/");
      await page.locator("#search:focus").waitFor();
      times.push(performance.now() - begun);
      session.off("Network.loadingFinished", count);
      sizes.push(bytes);
    }
    const name = cacheDisabled ? "first load " : "second load";
    console.log(`${name}  usable after ${median(times).toFixed(0)} ms, ${(median(sizes) / 1000).toFixed(1)} kB`);
  }
  await context.close();
}

/**
 * From the overview, without a mouse: find alice, who is signed in three times, and end the session that she used last.
 */
async function measureTask(browser: Browser): Promise<void> {
  for (let i = 0; i < 3; i++) await signInAt(server.url, "alice");
  const { page, context } = await openPage(browser, server.url);
  await page.goto("/admin");
  await signIn(page);
  await page.locator(".uplot").last().waitFor();
  let keys = 0;
  const press = async (key: string): Promise<void> => {
    keys++;
    await page.keyboard.press(key);
  };
  const begun = performance.now();
  await press("/");
  for (const letter of "alice") await press(letter);
  await press("Enter");
  await page.locator("#main:focus").waitFor();
  while (!(await page.evaluate(() => (document.activeElement?.ariaLabel ?? "").startsWith("End session"))))
    await press("Tab");
  await press("Enter");
  await page.getByRole("dialog").waitFor();
  await press("Enter");
  await page.getByRole("status").filter({ hasText: "Ended 1 session of alice." }).waitFor();
  const machine = performance.now() - begun;
  const person = keys * KEY + THOUGHTS * THOUGHT;
  console.log(
    `a user's session ended  ${keys} keys; machine ${machine.toFixed(0)} ms, person ${person} ms by the model`,
  );
  await context.close();
}

async function signInAt(url: string, username: string): Promise<void> {
  const body = JSON.stringify({ username, password: PASSWORD });
  const response = await fetch(`${url}/login`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body,
  });
  if (response.status !== 200) throw new Error(`${username} could not sign in: ${response.status}`);
}

/** Processor time of the server by the second: with no page open, with one, with five. */
async function measureCost(browser: Browser): Promise<void> {
  for (const pages of [0, 1, 5]) {
    const opened = [];
    for (let i = 0; i < pages; i++) {
      const each = await openPage(browser, server.url);
      await each.page.goto("/admin");
      await signIn(each.page);
      await each.page.locator(".uplot").last().waitFor();
      opened.push(each);
    }
    await wait(2000);
    const before = await cpuSeconds();
    await wait(SECONDS * 1000);
    const used = (1000 * ((await cpuSeconds()) - before)) / SECONDS;
    console.log(`${pages} pages open  ${used.toFixed(2)} ms of processor time a second`);
    for (const { context } of opened) await context.close();
  }
}

async function cpuSeconds(): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  return Number(/^process_cpu_seconds_total ([\d.]+)$/m.exec(text)?.[1]);
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port: free } = probe.address() as { port: number };
  probe.close();
  return free;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] as number;
}
