// Removes passwords from the URLs in messages.

/**
 * Drops everything from `//`, `redis:` or `postgres:` to the last `@` of each URL. A password may hold any character,
 * even an unencoded `@` or `/`, and a slash may be missing; so the rule removes too much rather than too little.
 */
export function withoutPasswords(text: string): string {
  return text.replace(/(\/\/|\b(?:redis|postgres)[\w+]*:\/*).*@/gs, "$1***@");
}
