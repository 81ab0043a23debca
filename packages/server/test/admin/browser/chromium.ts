// A Chromium for tests: the one that `npm test` found. It sends requests only to the server under test.

import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type LaunchOptions,
  type Page,
} from "playwright-core";

/** Why there is none; `false` when there is one. For the option `skip` of a test. */
export const noChromium: string | false =
  (process.env["SESSILE_CHROMIUM"] ?? "") !== ""
    ? false
    : process.env["SESSILE_CHROMIUM_MISSING"] || "There is no Chromium: run the tests with `npm test`.";

/** For a machine ten times slower than most; milliseconds. */
const PATIENCE = 120_000;

export function launch(): Promise<Browser> {
  return chromium.launch(launchOptions());
}

/** A browser that keeps in `folder` what one keeps on a disk; closing the context closes it. */
export async function launchOn(folder: string, baseURL: string): Promise<BrowserContext> {
  const context = await chromium.launchPersistentContext(folder, { ...launchOptions(), baseURL });
  context.setDefaultTimeout(PATIENCE);
  return context;
}

function launchOptions(): LaunchOptions {
  const libraries = process.env["SESSILE_CHROMIUM_LIBRARY_PATH"];
  return {
    timeout: PATIENCE,
    executablePath: process.env["SESSILE_CHROMIUM"] as string,
    env: { ...process.env, ...(libraries && { LD_LIBRARY_PATH: libraries }) } as Record<string, string>,
    // The sandbox needs more rights than a container gives, and only pages of this repository are opened.
    chromiumSandbox: false,
    args: [
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  };
}

export interface OpenPage {
  readonly context: BrowserContext;
  readonly page: Page;
  /** Everything that the page complained about, and every request to another host. */
  readonly complaints: readonly string[];
}

/** A page of a browser that has never been there. */
export async function openPage(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<OpenPage> {
  const context = await browser.newContext({ baseURL: url, reducedMotion: "reduce", ...options });
  context.setDefaultTimeout(PATIENCE);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error" && !/status of (?:401|403|404|422|503)|ERR_CONNECTION/.test(message.text()))
      complaints.push(message.text());
  });
  page.on("request", (request) => {
    if (!request.url().startsWith(url)) complaints.push(`asked ${request.url()}`);
  });
  return { context, page, complaints };
}
