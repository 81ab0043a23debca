// URLs in messages, without the passwords in them. Knows no store.

/**
 * The text with everything between `//`, `redis:` or `postgres:` and the last `@` left out of each URL in it: a password may hold any character,
 * also an `@`, or a `/` that somebody forgot to encode, and a slash may be missing. Rather too much is left out than too little.
 */
export function withoutPasswords(text: string): string {
  return text.replace(/(\/\/|\b(?:redis|postgres)[\w+]*:\/*).*@/gs, "$1***@");
}
