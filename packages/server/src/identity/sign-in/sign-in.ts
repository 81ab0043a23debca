// The steps of a sign-in with a password, in their order: limits, gate, hash. Knows no HTTP and no session.

import { passwordBytes } from "../users/password.ts";
import type { PasswordHasher } from "../users/password-hash.ts";
import { normalizeName } from "../users/user-name.ts";
import type { User, UserStore } from "../users/user-store.ts";
import type { Attempt, AttemptLimits } from "./attempt-limits.ts";
import type { HashGate } from "./hash-gate.ts";

/** What became of a try. `why` is for the log; the client must not learn it. */
export type Checked =
  | { readonly status: "accepted"; readonly user: User }
  | {
      readonly status: "refused";
      readonly why: "unknownUser" | "wrongPassword" | "disabled";
      readonly userId: number | null;
    }
  | { readonly status: "limited"; readonly retryAfter: number; readonly userId: number | null }
  | { readonly status: "overloaded" };

export interface SignInParts {
  readonly users: UserStore;
  readonly limits: AttemptLimits;
  readonly gate: HashGate;
  readonly hasher: PasswordHasher;
  /** Hears of a hash that could not be renewed. */
  readonly onError: (error: unknown) => void;
}

export interface Credentials {
  readonly username: string;
  readonly password: string;
  /** The client's, from `parseAddress`. */
  readonly address: string;
}

export class SignIn {
  readonly #parts: SignInParts;

  constructor(parts: SignInParts) {
    this.#parts = parts;
  }

  /**
   * Checks a password. One hash of the same cost is computed for everybody who may try, known, unknown or disabled (ASVS 6.3.8).
   * The gate is looked at before the limits: a try that is turned away unheard does not count.
   */
  async check({ username, password, address }: Credentials): Promise<Checked> {
    const { users, limits, gate, hasher } = this.#parts;
    const name = normalizeName(username);
    const user = name === null ? null : users.find(name);
    const userId = user?.id ?? null;
    if (gate.isFull) return { status: "overloaded" };
    const attempt = { name: name ?? username, userId, address };
    const retryAfter = limits.take(attempt);
    if (retryAfter > 0) return { status: "limited", retryAfter, userId };
    const bytes = passwordBytes(password) ?? Buffer.alloc(0);
    const isRight = await gate.run(() => hasher.verify(bytes, user?.password ?? null));
    if (user === null) return { status: "refused", why: "unknownUser", userId };
    if (isRight !== true) return { status: "refused", why: "wrongPassword", userId };
    if (user.isDisabled) return { status: "refused", why: "disabled", userId };
    this.#succeeded(attempt, user, bytes);
    return { status: "accepted", user };
  }

  /** The hash of a new password that `newPasswordProblem` finds nothing wrong with, or `null` when too many hashes wait. */
  hash(password: string): Promise<string> | null {
    const bytes = passwordBytes(password);
    if (bytes === null) throw new TypeError("This is no password.");
    return this.#parts.gate.run(() => this.#parts.hasher.hash(bytes));
  }

  #succeeded(attempt: Attempt, user: User, password: Uint8Array): void {
    this.#parts.limits.succeed(attempt);
    void this.#renewHash(user, password).catch(this.#parts.onError);
  }

  /** Nobody waits for it: the answer to a user with an old hash comes as soon as any other. */
  async #renewHash(user: User, password: Uint8Array): Promise<void> {
    const { users, gate, hasher } = this.#parts;
    if (!hasher.isOutdated(user.password)) return;
    const hash = await gate.run(() => hasher.hash(password));
    if (hash !== null) users.rehash(user, hash);
  }
}
