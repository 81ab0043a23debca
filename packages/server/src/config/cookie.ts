// `--cookie` and `--cookie-domain`: how browsers carry the token.

import { type CookieOptions, cookieTransport, isSessionError } from "sessile";
import { UsageError } from "./usage-error.ts";

export type CookieChoice = Pick<CookieOptions, "name" | "domain">;

/** The cookie of the admin page's own sessions. */
export const ADMIN_COOKIE = "__Host-sessile-admin";

/** `null` without a name. Throws `UsageError` for what browsers would not keep, and for the admin page's own. */
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
