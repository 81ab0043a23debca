// The signed-in user of a page, as the page receives it. Types only.

/** Instants are milliseconds since 1970. */
export interface Person {
  readonly name: string;
  /** Until then, no action asks for the password. */
  readonly freshUntil: number;
  readonly now: number;
}

export interface Who {
  /** `null` for a client that is not signed in on this page. */
  readonly person: Person | null;
  /** Milliseconds that a sign-in with "Keep me signed in" lasts; `null` where this is not offered. */
  readonly keepFor: number | null;
}
