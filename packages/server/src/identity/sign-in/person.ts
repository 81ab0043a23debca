// What a page is told of whoever is signed in on it. Types only.

/** Instants are milliseconds since 1970. */
export interface Person {
  readonly name: string;
  /** Until then nobody is asked for the password. */
  readonly freshUntil: number;
  readonly now: number;
}

export interface Who {
  /** `null` where the client is not signed in on this page. */
  readonly person: Person | null;
  /** How long a sign-in lasts that asks to be kept, in milliseconds; `null` where none may ask. */
  readonly keepFor: number | null;
}
