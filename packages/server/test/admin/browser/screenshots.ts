// A program: writes pictures of every page, in light, dark and narrow, into a folder. Usage: screenshots.js FOLDER

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { KeyStore } from "#dist/identity/keys/key-store.js";
import { login, PASSWORD } from "../../sign-in/sign-in-app.ts";
import { profile } from "../../support/client.ts";
import { type AdminServer, startAdminServer } from "../admin-server.ts";
import { launch, openPage } from "./chromium.ts";

const [folder = ".cache/screenshots"] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });

const SIZES: Readonly<Record<string, BrowserContextOptions>> = {
  dark: { viewport: { width: 1440, height: 900 }, colorScheme: "dark" },
  narrow: { viewport: { width: 360, height: 780 }, colorScheme: "light", deviceScaleFactor: 2 },
  "narrow-dark": { viewport: { width: 360, height: 780 }, colorScheme: "dark", deviceScaleFactor: 2 },
  laptop: { viewport: { width: 1280, height: 800 }, colorScheme: "dark" },
  "4k": { viewport: { width: 3840, height: 2160 }, colorScheme: "light" },
  /** The last, when there is most to see in the charts. */
  light: { viewport: { width: 1440, height: 1040 }, colorScheme: "light" },
};

const NAMES = [
  ...["alice", "bob", "carol", "dmitri", "erin", "fatima"],
  "sachbearbeitung.kraftfahrzeughaftpflichtversicherung@beispiel.de",
];

/** The user of the account page. */
const VISITOR = "dora";

/** Users of an application, by ids of its own. */
const IDS = [
  "anna.lindqvist@example.com",
  "4f9c1c62-6f0f-4a5e-9d55-1f6f3c1f2b7a",
  "maximiliane.von-donaudampfschifffahrt@kundenservice.versicherungsverein.example",
  "b1d3a0de-95e1-4f0e-8d0d-5f4f9a1f0c11",
  "0b8a7f5e-3c1d-4f43-8f0e-2f8f5d7b9a10",
];

const AGENTS = [
  "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
  "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605 Version/18.0 Mobile/15 Safari/604.1",
  "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/142.0 Safari/537.36 Edg/142.0",
  "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15) AppleWebKit/537.36 Chrome/142.0 Safari/537.36",
  "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/142.0 Mobile Safari/537.36",
];

const server = await startAdminServer(
  ["--store", "memory", "--admin", "--account", "--device", "family"],
  [...NAMES, VISITOR],
);
const browser = await launch();
/** Of the application. */
let key = "";
try {
  key = await populate(server);
  const stop = goOn(server);
  for (const [name, options] of Object.entries(SIZES)) await picture(browser, server, name, options);
  await stop();
  console.log(`The pictures are in ${folder}.`);
} finally {
  await browser.close();
  await server.end();
}

/** Enough sessions that the pages look as they do in use. Gives back the key of the application. */
async function populate({ url, file }: AdminServer): Promise<string> {
  const { key } = new KeyStore(file).add("shop", ["sessions:create", "sessions:write"]) ?? { key: "" };
  for (const [index, id] of IDS.entries()) await create(url, key, id, index);
  const names = [...NAMES, ...NAMES, VISITOR, VISITOR, "alice", "alice"];
  const tokens: string[] = [];
  for (const [index, name] of names.entries()) tokens.push(await begin(url, name, index));
  for (const token of tokens.slice(7, 10)) await end(url, token);
  await use(url, key, tokens.at(-1) as string);
  await login(url, "alice", "wrong password, of course");
  return key;
}

/** Users come and go until the function given back is called. */
function goOn({ url }: AdminServer): () => Promise<void> {
  let isOn = true;
  const run = async (): Promise<void> => {
    const tokens: string[] = [];
    for (let i = 1; isOn; i++) {
      tokens.push(await begin(url, NAMES[(i * 5 + 1) % NAMES.length] as string, i));
      if (i % 3 === 0) await end(url, tokens.shift() as string);
      for (const token of tokens) await profile(url, token);
      await new Promise((resolve) => setTimeout(resolve, 300 + 900 * Math.abs(Math.sin(i))));
    }
  };
  const running = run();
  return () => {
    isOn = false;
    return running;
  };
}

async function begin(url: string, username: string, index: number): Promise<string> {
  const response = await fetch(`${url}/login`, {
    method: "POST",
    headers: { "content-type": "application/json", "user-agent": AGENTS[index % AGENTS.length] as string },
    body: JSON.stringify({ username, password: PASSWORD }),
  });
  return ((await response.json()) as { session_token: string }).session_token;
}

/** An application signs one of its users in. */
async function create(url: string, key: string, id: string, index: number): Promise<void> {
  const headers = { "X-API-Key": key, "content-type": "application/json" };
  const device = ["Firefox on Linux", "Safari on iPhone", "Chrome on Windows"][index % 3];
  const data = { theme: "dark", cart: [4711, 815], visits: 12 };
  const body = JSON.stringify({ user_id: id, device, data });
  const response = await fetch(`${url}/sessions`, { method: "POST", headers, body });
  if (!response.ok) throw new Error(`/sessions was answered ${response.status} ${await response.text()}`);
}

/** An application keeps something in the session, and gives it new tokens. */
async function use(url: string, key: string, token: string): Promise<void> {
  const send = async (method: string, path: string, body: object): Promise<{ session_token: string }> => {
    const headers = { "X-API-Key": key, "X-Session-Token": token, "content-type": "application/json" };
    const response = await fetch(url + path, { method, headers, body: JSON.stringify(body) });
    if (!response.ok) throw new Error(`${path} was answered ${response.status} ${await response.text()}`);
    return (await response.json()) as { session_token: string };
  };
  await send("PATCH", "/sessions/current/data", { set: { theme: "dark", cart: [4711, 815], visits: 12 } });
  for (let i = 0; i < 3; i++) {
    await new Promise((resolve) => setTimeout(resolve, 1500));
    token = (await send("POST", "/sessions/current/rotate", {})).session_token;
  }
}

async function end(url: string, token: string): Promise<void> {
  await fetch(`${url}/logout`, { method: "POST", headers: { "X-Session-Token": token } });
}

/** A walk: sign in, find a user by id, look at a session, end one, end the others, read the audit. */
async function picture(browser: Browser, { url }: AdminServer, name: string, options: BrowserContextOptions) {
  const { page, context } = await openPage(browser, url, { ...options, userAgent: AGENTS[3] as string });
  const shoot = async (what: string, fullPage = false): Promise<void> => {
    await page.locator(".waiting").waitFor({ state: "detached" });
    await page.screenshot({ path: join(folder, `${what}-${name}.png`), fullPage });
  };
  const find = async (id: string): Promise<void> => {
    await page.getByLabel("Find a user or a session").fill(id);
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: id }).waitFor();
    await page.locator("table").waitFor();
  };
  const confirm = (action: string) => page.getByRole("dialog").getByRole("button", { name: action }).click();
  for (let i = 0; i < 3; i++) await create(url, key, IDS[0] as string, i);
  await page.goto("/admin");
  await page.getByLabel("Name").waitFor();
  await shoot("sign-in");
  await signIn(page);
  await page.locator(".figures").waitFor();
  await page.goto("/admin/sessions");
  await page.locator("table").waitFor();
  await shoot("sessions");
  await find(IDS[2] as string);
  await shoot("long");
  await find("alice");
  await shoot("user-by-name");
  await page.locator(".sid").first().click();
  await page.getByRole("heading", { name: "Time left" }).waitFor();
  await shoot("session-by-name");
  await find(IDS[0] as string);
  await shoot("user");
  await page.getByRole("button", { name: "End session" }).last().click();
  await page.getByRole("dialog").waitFor();
  await shoot("confirm");
  await confirm("End 1 session");
  await page.getByText(`Ended 1 session of user ${IDS[0]}.`).waitFor();
  await page.locator(".sid").first().click();
  await page.getByRole("heading", { name: "Time left" }).waitFor();
  await shoot("session");
  await page.getByRole("button", { name: /^End the \d+ others?…/ }).click();
  await confirm("End");
  await page.getByText(/^Ended \d+ sessions? of user/).waitFor();
  await page.goto("/admin/audit");
  await page.locator(".audit").waitFor();
  await shoot("audit");
  await page.goto("/admin");
  await page.locator(".uplot").last().waitFor();
  await page.waitForTimeout(2000);
  await shoot("overview");
  await page.goto("/account/sessions");
  await page.getByLabel("Name").fill(VISITOR);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.keyboard.press("Enter");
  await page.locator(".own").waitFor();
  await shoot("account", true);
  await page.goto("/");
  await shoot("root");
  await page.goto("/docs");
  await page.locator(".opblock").first().waitFor();
  await shoot("docs");
  await context.close();
}

async function signIn(page: Page): Promise<void> {
  await page.getByLabel("Name").fill("root");
  await page.getByLabel("Password").fill(PASSWORD);
  await page.keyboard.press("Enter");
}
