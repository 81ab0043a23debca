// Finds a Chromium for the tests of the admin page, or downloads one where the system allows it. Starts none.

import { bringFromDebian, broughtBefore } from "./debian/bring.mjs";
import { findOnPath } from "./programs/path.mjs";
import { worksOr } from "./programs/verify.mjs";
import { inRoot } from "./ready/repository.mjs";

const PACKAGE = {
  package: "chromium",
  purpose: "the tests in a browser",
  megabytes: 380,
  path: "usr/lib/chromium/chromium",
  home: inRoot(".cache/chromium"),
};

const ADVICE = `The tests of the admin page need Chromium or Chrome. Install one:
  Debian           apt-get install chromium
  Fedora           dnf install chromium
  macOS            brew install --cask chromium
or set SESSILE_CHROMIUM to the path of one.`;

/** Debian's own comes before Ubuntu's, whose `chromium-browser` only advertises a snap. */
const NAMES = ["chromium", "google-chrome-stable", "google-chrome", "chromium-browser"];

/**
 * Looks at SESSILE_CHROMIUM, PATH, earlier downloads, and Debian's packages, in this order.
 * @returns {Promise<{ command: string, env: Record<string, string> } | { missing: string }>} `env` is the environment
 * to start it in
 */
export async function findChromium() {
  const { SESSILE_CHROMIUM: given, SESSILE_CHROMIUM_LIBRARY_PATH: libraries } = process.env;
  const env = libraries ? { LD_LIBRARY_PATH: libraries } : {};
  if (given) return worksOr({ command: given, env }, `SESSILE_CHROMIUM is set to ${given}, which does not run`);
  for (const found of NAMES.map(findOnPath).filter(Boolean)) {
    const program = await worksOr({ command: found, env: {} }, "").catch(() => undefined);
    if (program) return program;
  }
  return (await broughtBefore(PACKAGE)) ?? bring();
}

/** A failure ends a run in CI; elsewhere it prints a message, and the tests that need the browser are skipped. */
async function bring() {
  try {
    return (await bringFromDebian(PACKAGE, ADVICE)) ?? { missing: ADVICE };
  } catch (error) {
    if (process.env.CI) throw error;
    return { missing: error.message };
  }
}

/** The environment by which tests find the browser, or the reason why there is none. */
export async function chromiumEnv() {
  const { command = "", env = {}, missing = "" } = await findChromium();
  return {
    SESSILE_CHROMIUM: command,
    SESSILE_CHROMIUM_LIBRARY_PATH: env.LD_LIBRARY_PATH ?? "",
    SESSILE_CHROMIUM_MISSING: missing,
  };
}
