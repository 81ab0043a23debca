// `--cookie` and `--cookie-domain`: how browsers carry the token.

import { type CookieOptions, cookieTransport, isSessionError } from "sessile";
import { UsageError } from "./usage-error.ts";

export type CookieChoice = Pick<CookieOptions, "name" | "domain">;

/** `null` without a name. Throws `UsageError` for what browsers would not keep. */
export function parseCookie(name: string, domain: string): CookieChoice | null {
  if (name === "" && domain === "") return null;
  if (name === "") throw new UsageError("--cookie-domain needs --cookie NAME.");
  try {
    const choice = { name, ...(domain !== "" && { domain }) };
    cookieTransport(choice);
    return choice;
  } catch (error) {
    if (!isSessionError(error)) throw error;
    throw new UsageError(`--cookie ${name}${domain === "" ? "" : ` --cookie-domain ${domain}`}: ${error.message}`);
  }
}
