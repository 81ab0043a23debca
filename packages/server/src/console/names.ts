// The names of users, for people to read. Without a readable file of users, ids stand in for them.

import { normalizeName } from "../identity/users/user-name.ts";
import type { UserStore } from "../identity/users/user-store.ts";

export class Names {
  readonly #users: UserStore;

  constructor(users: UserStore) {
    this.#users = users;
  }

  /** `null` for anonymous sessions, and for users of another program on the same store. */
  readonly of = (userId: string | null): string | null => {
    if (userId === null) return null;
    try {
      const user = this.#users.byId(Number(userId));
      return user !== null && String(user.id) === userId ? user.name : null; // "01" is another user than "1"
    } catch {
      return null;
    }
  };

  /** The id of the user of this name, in upper or lower case; otherwise the text itself, which may be an id. */
  idOf(text: string): string {
    try {
      return String(this.#users.find(normalizeName(text) ?? "")?.id ?? text);
    } catch {
      return text;
    }
  }
}
