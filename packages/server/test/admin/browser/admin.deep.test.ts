// The admin page in a real Chromium: what an operator at night does, with the mouse, without it, in the dark and on a
// phone.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Browser, BrowserContextOptions, Page, Route } from "playwright-core";
import { memoryStore } from "sessile";
import { sampleRecord } from "sessile/testing";
import { PASSWORD } from "../../sign-in/sign-in-app.ts";
import { profile } from "../../support/client.ts";
import { type AdminApp, REAL_TIME, startAdminApp } from "../admin-app.ts";
import { launch, noChromium, type OpenPage, openPage } from "./chromium.ts";
import { assertFits, axe, search, shifts, signIn, watchShifts } from "./operator.ts";

describe("the admin page", { skip: noChromium }, () => {
  let [browser, app]: [Browser, AdminApp] = [] as never;
  const closers: (() => Promise<void>)[] = [];
  before(async () => {
    app = await startAdminApp({ after: (close) => closers.push(close) }, memoryStore(), REAL_TIME);
    browser = await launch();
  });
  after(async () => {
    await browser?.close();
    for (const close of closers) await close();
  });

  async function visit(path = "/admin", options: BrowserContextOptions = {}): Promise<OpenPage> {
    const opened = await openPage(browser, app.url, options);
    await watchShifts(opened.page);
    await opened.page.goto(path);
    return opened;
  }

  async function visitSignedIn(path?: string, options?: BrowserContextOptions): Promise<OpenPage> {
    const opened = await visit(path, options);
    await signIn(opened.page);
    await opened.page.locator(".head").waitFor();
    return opened;
  }

  const userId = (name: string): string => String(app.user(name).id);

  test("an operator signs in, sees a session appear when its user signs in, ends it, and that client gets 401", async () => {
    const { page, context, complaints } = await visit();
    await page.getByLabel("Name").fill("root");
    await page.getByLabel("Password").fill("not the password");
    await page.keyboard.press("Enter");
    await page.getByRole("alert").filter({ hasText: "Incorrect username or password" }).waitFor();
    await signIn(page);
    await page.getByText("Live", { exact: true }).waitFor();
    await search(page, "Alice");
    await page.getByText("Not signed in anywhere.").waitFor();
    const client = await app.mint(userId("alice"));
    const row = page.getByRole("row").filter({ has: page.getByTitle(client.sid) });
    await row.waitFor();
    assert.equal((await profile(app.url, client.token)).status, 200);
    await row.getByRole("button", { name: /^End/ }).click();
    const dialog = page.getByRole("dialog", { name: "End this session of alice?" });
    await dialog.filter({ hasText: "1 session ends at once" }).waitFor();
    await dialog.getByRole("button", { name: "End 1 session" }).click();
    await page.getByRole("status").filter({ hasText: "Ended 1 session of alice." }).waitFor();
    await page.getByText("Not signed in anywhere.").waitFor();
    assert.equal((await profile(app.url, client.token)).status, 401);
    await page.getByRole("link", { name: "Audit" }).click();
    await page.getByRole("listitem").filter({ hasText: client.sid }).filter({ hasText: "1 ended" }).waitFor();
    assert.deepEqual(complaints, []);
    await context.close();
  });

  test("the overview and the list of all sessions follow what happens, without being loaded anew", async () => {
    const { page, context, complaints } = await visitSignedIn();
    await page.getByText("Live", { exact: true }).waitFor();
    const first = await app.mint(userId("bob"));
    await page.locator(".activity li").first().filter({ hasText: "Signed in" }).filter({ hasText: "bob" }).waitFor();
    await page.getByRole("link", { name: "Sessions", exact: true }).click();
    await page.getByTitle(first.sid).waitFor();
    const second = await app.mint(userId("bob"));
    await page.getByRole("button", { name: "1 session began meanwhile. Show" }).click();
    await page.getByTitle(second.sid).waitFor();
    await app.manager.revoke(first.sid);
    await page
      .getByRole("row")
      .filter({ has: page.getByTitle(first.sid) })
      .getByText("Ended")
      .waitFor();
    assert.deepEqual(complaints, []);
    await context.close();
  });

  test("without a mouse: from the sign-in to the end of one user's session", async () => {
    const client = await app.mint(userId("alice"));
    const { page, context } = await visit();
    await page.locator("input:focus").waitFor();
    await page.keyboard.type("root");
    await page.keyboard.press("Tab");
    await page.keyboard.type(PASSWORD);
    await page.keyboard.press("Enter");
    await page.locator(".figures").waitFor();
    await page.keyboard.press("/");
    await page.keyboard.type("alice");
    await page.keyboard.press("Enter");
    await page.getByTitle(client.sid).waitFor();
    await page.locator("#main:focus").waitFor(); // on what was found
    const isFound = async () => (await focused(page)).startsWith(`End session ${client.sid.slice(0, 8)}`);
    for (let i = 0; i < 60 && !(await isFound()); i++) {
      await page.keyboard.press("Tab");
      assert.notEqual(
        await page.evaluate(() => getComputedStyle(document.activeElement as Element).outlineStyle),
        "none",
      );
    }
    assert.ok(await isFound(), "Tab leads there");
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    assert.ok((await focused(page)).startsWith("End session"), "the focus comes back");
    assert.equal((await profile(app.url, client.token)).status, 200, "Escape ends nothing");
    await page.keyboard.press("Enter");
    await page.getByRole("dialog").waitFor();
    await page.keyboard.press("Enter");
    await page.getByText("Not signed in anywhere.").waitFor();
    assert.equal((await profile(app.url, client.token)).status, 401);
    await context.close();
  });

  test("the other session of a user called `..` ends, and no other user's", async () => {
    const others = await Promise.all(["a", "b", "c"].map((name) => app.mint(name)));
    for (const id of ["..", ".", "a/../b", "?except=", "\u202ea"]) {
      const [here, there] = [await app.mint(id), await app.mint(id)];
      const { page, context, complaints } = await visitSignedIn(`/admin/session?sid=${here.sid}`);
      await page.getByRole("button", { name: "End the 1 other…" }).click();
      await page.getByRole("dialog").getByRole("button", { name: "End 1 session" }).click();
      await page.getByRole("status").filter({ hasText: "Ended 1 session of user" }).waitFor();
      assert.deepEqual(await isAlive([here, there, ...others]), [true, false, true, true, true], id);
      await page.getByRole("link", { name: "User" }).click();
      await page.getByRole("button", { name: "End 1 session…" }).click();
      await page.getByRole("dialog").getByRole("button", { name: "End 1 session" }).click();
      await page.getByText("Not signed in anywhere.").waitFor();
      assert.deepEqual(await isAlive([here, ...others]), [false, true, true, true], id);
      assert.deepEqual(complaints, []);
      await context.close();
    }
  });

  test("what hides in a user id or a device is shown as its number, everywhere on the page", async () => {
    const id = "\u202eadmin\u200b \u05d0";
    const { sid } = await app.mint(id);
    await app.store.create(sampleRecord({ userId: id, device: "Fire\u2066fox\u00ad" }));
    const { page, context } = await visitSignedIn();
    for (const path of ["", "/sessions", `/user?${new URLSearchParams({ id })}`, `/session?sid=${sid}`, "/audit"]) {
      await page.goto(`/admin${path}`);
      await page.locator("main .card").first().waitFor();
      await page
        .getByText(path === "/audit" ? "Signed in" : "\\u202eadmin\\u200b \u05d0")
        .first()
        .waitFor();
      const text = await page.evaluate(() => document.title + document.documentElement.innerHTML);
      assert.doesNotMatch(text, /[\u202e\u200b\u2066\u00ad]/, path);
    }
    await context.close();
  });

  const isAlive = (sessions: readonly { readonly token: string }[]): Promise<boolean[]> =>
    Promise.all(sessions.map(async ({ token }) => (await profile(app.url, token)).status === 200));

  test("signing out takes everything that the page kept with it, and one that failed says so and takes nothing", async () => {
    const client = await app.mint(userId("alice"));
    const { page, context } = await visitSignedIn(`/admin/session?sid=${client.sid}`);
    await page.getByRole("heading", { name: "Time left" }).waitFor();
    await page.evaluate(() => Object.assign(window, { kept: "in memory" }));
    const failing = (route: Route) => route.fulfill({ status: 503, json: { detail: "You are still signed in" } });
    await page.route("**/sign-out", failing);
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByRole("status").filter({ hasText: "You are still signed in" }).waitFor();
    assert.equal(await page.evaluate(() => "kept" in window), true);
    await page.unroute("**/sign-out", failing);
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByLabel("Password").waitFor();
    await page.waitForFunction(() => !("kept" in window));
    assert.ok(!(await page.content()).includes("alice"));
    const left = () => [localStorage.length, sessionStorage.length, document.cookie];
    assert.deepEqual(await page.evaluate(left), [0, 0, ""]);
    await signIn(page);
    await page.getByRole("heading", { name: "Time left" }).waitFor();
    await context.close();
  });

  test("a browser that tells late that one question went does not take the next one away", async () => {
    const client = await app.mint(userId("alice"));
    const { page, context } = await visitSignedIn(`/admin/session?sid=${client.sid}`);
    await page.evaluate(() => {
      const late = (event: Event): void => {
        event.stopImmediatePropagation();
        const { target } = event;
        (window as unknown as { tell: () => void }).tell = () => {
          removeEventListener("close", late, true);
          target?.dispatchEvent(new Event("close"));
        };
      };
      addEventListener("close", late, true);
    });
    const end = page.getByRole("button", { name: "End this session…" });
    await end.click();
    await page.getByRole("dialog").waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "hidden" });
    await page.waitForFunction(() => "tell" in window);
    await end.click();
    await page.getByRole("dialog").waitFor();
    await page.evaluate(() => (window as unknown as { tell: () => void }).tell());
    await page.evaluate(() => new Promise(requestAnimationFrame));
    assert.equal(await page.getByRole("dialog").isVisible(), true);
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/admin\/user\?/);
    assert.equal((await profile(app.url, client.token)).status, 401);
    await context.close();
  });

  test("D10: after five minutes the question asks for the password, and a wrong one ends nothing", async () => {
    const client = await app.mint(userId("alice"));
    const { page, context } = await visitSignedIn(`/admin/session?sid=${client.sid}`);
    await page.clock.install();
    await page.clock.fastForward("06:00");
    await page.getByRole("button", { name: "End this session…" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Password of root").fill("wrong");
    await page.keyboard.press("Enter");
    await dialog.getByRole("alert").filter({ hasText: "Incorrect password" }).waitFor();
    assert.equal((await profile(app.url, client.token)).status, 200);
    await dialog.getByLabel("Password of root").fill(PASSWORD);
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/admin\/user\?/);
    assert.equal((await profile(app.url, client.token)).status, 401);
    await context.close();
  });

  test("L2: a session's values are shown on request, then hidden, and the audit says who asked", async () => {
    const record = sampleRecord({ userId: userId("alice"), data: JSON.stringify({ note: "a secret thought" }) });
    await app.store.create(record);
    const { page, context } = await visitSignedIn(`/admin/session?sid=${record.sid}`);
    await page.getByText("hidden, 18 characters").waitFor();
    assert.ok(!(await page.content()).includes("a secret thought"));
    await page.getByRole("button", { name: "Show the values…" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Show the values" }).click();
    await page.getByText('"a secret thought"').waitFor();
    assert.ok(!(await page.content()).includes(record.secretDigest));
    await page.getByRole("button", { name: "Hide the values" }).click();
    await page.getByText("hidden, 18 characters").waitFor();
    await page.getByRole("link", { name: "Audit" }).click();
    const entry = page.getByRole("listitem").filter({ hasText: `Looked at the data of session ${record.sid}` });
    await entry.filter({ hasText: "root" }).waitFor();
    await context.close();
  });

  test("all sessions end only after it was typed, and the administrator stays", async () => {
    const clients = await Promise.all(["alice", "bob"].map((name) => app.mint(userId(name))));
    const { page, context } = await visitSignedIn("/admin/sessions");
    await page.getByRole("button", { name: "End all sessions…" }).click();
    const dialog = page.getByRole("dialog", { name: "End all sessions of all users?" });
    await dialog
      .filter({
        hasText: /About (1 session, of all users, ends|\d+ sessions, of all users, end)\. .* there is no undo/,
      })
      .waitFor();
    assert.equal(await dialog.getByRole("button", { name: "End all sessions" }).isDisabled(), true);
    await dialog.getByLabel("Type end all to go on").fill("end all");
    await page.keyboard.press("Enter");
    await page.getByText("There are no sessions.").waitFor();
    for (const { token } of clients) assert.equal((await profile(app.url, token)).status, 401);
    await context.close();
  });

  test("who is signed out elsewhere, or loses the right, is led to the sign-in, and back to the same page", async () => {
    const { page, context } = await visitSignedIn("/admin/audit");
    await page.getByRole("heading", { name: "Audit" }).waitFor();
    app.users.setAdmin(app.user("root"), false);
    await page.reload();
    await page.getByLabel("Name").waitFor();
    app.users.setAdmin(app.user("root"), true);
    await signIn(page);
    await page.getByRole("heading", { name: "Audit" }).waitFor();
    await context.close();
  });

  for (const [name, options] of Object.entries({
    light: { colorScheme: "light", viewport: { width: 1280, height: 800 } },
    dark: { colorScheme: "dark", viewport: { width: 1280, height: 800 } },
    narrow: { colorScheme: "light", viewport: { width: 360, height: 740 } },
    wide: { colorScheme: "dark", viewport: { width: 3840, height: 2160 } },
  } satisfies Record<string, BrowserContextOptions>)) {
    test(`axe finds nothing, nothing jumps and everything fits: ${name}`, async () => {
      const client = await app.mint(userId("alice"));
      await app.mint(userId("alice"));
      const long = "W".repeat(256);
      const record = sampleRecord({ userId: long, device: "D".repeat(200), data: JSON.stringify({ [long]: long }) });
      await app.store.create(record);
      await app.mint(long);
      const { page, context, complaints } = await visit("/admin", options);
      await page.getByLabel("Name").waitFor();
      assert.deepEqual(await axe(page), [], "sign-in");
      await signIn(page);
      await page.locator(".uplot").last().waitFor();
      const paths = [
        "",
        "/sessions",
        `/user?id=${userId("alice")}`,
        `/session?sid=${client.sid}`,
        "/audit",
        "/user?id=nobody",
        `/user?id=${long}`,
        `/session?sid=${record.sid}`,
      ];
      for (const path of paths) {
        await page.goto(`/admin${path}`);
        await page
          .locator(path === "" ? ".uplot >> nth=3" : "main .card")
          .first()
          .waitFor();
        assert.deepEqual(await axe(page), [], path);
        await assertFits(page, path);
        const shifted = await shifts(page);
        assert.ok(shifted < 0.02, `${path} jumped by ${shifted}`);
      }
      await page.goto(`/admin/session?sid=${record.sid}`);
      await page.getByRole("button", { name: "End this session…" }).click();
      assert.deepEqual(await axe(page), [], "question");
      await assertFits(page, "question");
      const background = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
      assert.equal(background, options.colorScheme === "dark" ? "rgb(15, 18, 20)" : "rgb(246, 246, 244)");
      assert.deepEqual(complaints, []);
      await context.close();
    });
  }

  for (const width of [360, 1280, 1440]) {
    test(`ids such as UUIDs and e-mail addresses fit, and charts fill the overview: ${width} px`, async () => {
      const ids = [
        "4f9c1c62-6f0f-4a5e-9d55-1f6f3c1f2b7a",
        "sachbearbeitung.kraftfahrzeughaftpflichtversicherung@beispiel-versicherung.example",
      ];
      const { page, context, complaints } = await visitSignedIn("/admin", { viewport: { width, height: 900 } });
      await page.getByText("Live", { exact: true }).waitFor();
      for (const id of [...ids, ...ids, ...ids, ...ids, ...ids]) await app.mint(id);
      await page.locator(".activity li >> nth=6").waitFor();
      await page
        .locator(".activity li")
        .first()
        .filter({ hasText: ids[1] as string })
        .waitFor();
      await page.locator(".uplot >> nth=3").waitFor();
      await assertFits(page, "overview");
      const bottom = async (part: string): Promise<number> => {
        const box = await page.locator(part).last().boundingBox();
        return (box?.y ?? 0) + (box?.height ?? 0);
      };
      if (width > 1200) assert.ok(Math.abs((await bottom(".chart")) - (await bottom(".side > .card"))) < 2);
      for (const path of ["/sessions", ...ids.map((id) => `/user?${new URLSearchParams({ id })}`)]) {
        await page.goto(`/admin${path}`);
        await page.locator("main table").waitFor();
        await assertFits(page, path);
      }
      assert.deepEqual(complaints, []);
      await context.close();
    });
  }

  test("before the sign-in nothing is an error in the browser's console, on both pages", async () => {
    for (const path of ["/admin", "/account/sessions"]) {
      const { page, context } = await openPage(browser, app.url);
      const errors: string[] = [];
      page.on("console", (message) => {
        if (message.type() === "error") errors.push(message.text());
      });
      await page.goto(path);
      await page.getByLabel("Name").waitFor();
      assert.deepEqual(errors, [], path);
      await context.close();
    }
  });

  test("of two deadlines the first is said to be first, and equal ones to come at the same time", async () => {
    const now = Date.now();
    for (const [absoluteTimeout, row, note] of [
      [7_200_000, "Without use", "ends first"],
      [3_600_000, "In any case", "at the same time"],
      [1_800_000, "In any case", "ends first"],
    ] as const) {
      const record = sampleRecord({ createdAt: now, lastSeenAt: now, absoluteExpiresAt: now + absoluteTimeout });
      await app.store.create(record);
      const { page, context } = await visitSignedIn(`/admin/session?sid=${record.sid}`);
      await page.locator(".deadline .tone").waitFor();
      assert.equal(await page.locator(".deadline .tone").count(), 1);
      await page.locator(".deadline").filter({ hasText: row }).getByText(note, { exact: true }).waitFor();
      await context.close();
    }
  });

  test("the first load takes 60 kB at most, all of it from this server, and a second one only the page itself", async () => {
    const { page, context } = await visitSignedIn();
    const session = await context.newCDPSession(page);
    await session.send("Network.enable");
    let bytes = 0;
    session.on("Network.loadingFinished", ({ encodedDataLength }) => {
      bytes += encodedDataLength;
    });
    const load = async (): Promise<number> => {
      bytes = 0;
      await page.reload();
      await page.locator(".uplot").last().waitFor();
      return bytes;
    };
    await page.locator(".uplot").last().waitFor(); // so that nothing of this load is counted with the next
    await session.send("Network.setCacheDisabled", { cacheDisabled: true });
    const first = await load();
    await session.send("Network.setCacheDisabled", { cacheDisabled: false });
    await load();
    const again = await load();
    console.log(
      `first load ${(first / 1000).toFixed(1)} kB, second ${(again / 1000).toFixed(1)} kB, with headers and data`,
    );
    assert.ok(first > 20_000 && first <= 60_000, String(first));
    assert.ok(again < 20_000, String(again));
    await context.close();
  });
});

const focused = (page: Page): Promise<string> =>
  page.evaluate(() => document.activeElement?.getAttribute("aria-label") ?? document.activeElement?.textContent ?? "");
