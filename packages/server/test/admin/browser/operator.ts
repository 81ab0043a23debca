// The steps of an administrator in a browser, and the checks of every page.

/// <reference lib="dom" />
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Page } from "playwright-core";
import { PASSWORD } from "../../sign-in/sign-in-app.ts";

export async function signIn(page: Page, name = "root"): Promise<void> {
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("Password").fill(PASSWORD);
  await page.keyboard.press("Enter");
}

/** Searches, from wherever one is. */
export async function search(page: Page, text: string): Promise<void> {
  await page.getByLabel("Find a user or a session").fill(text);
  await page.keyboard.press("Enter");
}

const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly target: readonly string[]; readonly failureSummary: string }[];
}

/** The findings of axe against WCAG 2.2 A and AA and its own best practices, as text; empty without any. */
export async function axe(page: Page): Promise<string[]> {
  // By the debugger, which no policy of the page keeps out.
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(readFileSync(AXE, "utf8"));
  const { violations } = (await page.evaluate("axe.run({ resultTypes: ['violations'] })")) as {
    violations: Violation[];
  };
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id} ${target.join(" ")} ${failureSummary}`),
  );
}

/** No part of the page is wider than the window. */
export async function assertFits(page: Page, name: string): Promise<void> {
  const [content, window] = await page.evaluate(() => [
    document.documentElement.scrollWidth,
    document.documentElement.clientWidth,
  ]);
  assert.ok((content as number) <= (window as number), `${name}: ${content} px in a window of ${window} px`);
}

/** How far things jumped while the page was built, as browsers score it; 0 is not at all. Call `watchShifts` before. */
export async function shifts(page: Page): Promise<number> {
  return page.evaluate(() => (window as unknown as { shifted: number }).shifted);
}

export async function watchShifts(page: Page): Promise<void> {
  await page.addInitScript(() => {
    const scope = window as unknown as { shifted: number };
    scope.shifted = 0;
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries() as unknown as { value: number; hadRecentInput: boolean }[]) {
        if (!entry.hadRecentInput) scope.shifted += entry.value;
      }
    }).observe({ type: "layout-shift", buffered: true });
  });
}
