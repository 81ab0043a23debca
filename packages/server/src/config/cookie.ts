// The settings `--cookie`, `--cookie-domain` and `--trusted-origins`: how browsers carry the token.

import { type CookieOptions, cookieTransport, isSessionError } from "sessile";
import { UsageError } from "./usage-error.ts";

export type CookieChoice = Pick<CookieOptions, "name" | "domain">;

/** The cookie of the admin page's own sessions. */
export const ADMIN_COOKIE = "__Host-sessile-admin";

/** The origins of `--trusted-origins`. Throws `UsageError` for a text that is no origin. */
export function parseTrustedOrigins(text: string): readonly string[] {
  const trustedOrigins = text === "" ? [] : text.split(",").map((each) => each.trim());
  try {
    cookieTransport({ trustedOrigins });
    return trustedOrigins;
  } catch (error) {
    if (!isSessionError(error)) throw error;
    throw new UsageError(
      `--trusted-origins must be a list of origins such as https://app.example.com, without a path; got "${text}".`,
    );
  }
}

/** `null` without a name. Throws `UsageError` for a cookie that browsers would drop, and for the admin page's own. */
export function parseCookie(name: string, domain: string): CookieChoice | null {
  if (name === "" && domain === "") return null;
  if (name === "") throw new UsageError("--cookie-domain needs --cookie NAME.");
  if (name === ADMIN_COOKIE) throw new UsageError(`--cookie ${name} is the admin page's own. Choose another name.`);
  try {
    const choice = { name, ...(domain !== "" && { domain }) };
    cookieTransport(choice);
    return choice;
  } catch (error) {
    if (!isSessionError(error)) throw error;
    throw new UsageError(`--cookie ${name}${domain === "" ? "" : ` --cookie-domain ${domain}`}: ${error.message}`);
  }
}
