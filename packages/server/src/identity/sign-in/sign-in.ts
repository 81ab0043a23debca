// The steps of a sign-in with a password, in order: limits, gate, hash.

import { passwordBytes } from "../users/password.ts";
import type { PasswordHasher } from "../users/password-hash.ts";
import { normalizeName } from "../users/user-name.ts";
import type { User, UserStore } from "../users/user-store.ts";
import type { Attempt, AttemptLimits } from "./attempt-limits.ts";
import type { HashGate } from "./hash-gate.ts";

/** The result of an attempt. `why` is for the log and must not reach the client. */
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
  /** Called when a hash could not be renewed. */
  readonly onError: (error: unknown) => void;
}

export interface Credentials {
  readonly username: string;
  readonly password: string;
  /** The client's address, from `parseAddress`. */
  readonly address: string;
}

export class SignIn {
  readonly #parts: SignInParts;

  constructor(parts: SignInParts) {
    this.#parts = parts;
  }

  /**
   * Checks a password. Every attempt that is allowed costs one hash of the same cost, for known, unknown and disabled
   * users (ASVS 6.3.8). The gate comes before the limits, so that an attempt that it refuses does not count.
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

  /** The hash of a new password that has passed `newPasswordProblem`; `null` when too many hashes wait. */
  hash(password: string): Promise<string> | null {
    const bytes = passwordBytes(password);
    if (bytes === null) throw new TypeError("This is no password.");
    return this.#parts.gate.run(() => this.#parts.hasher.hash(bytes));
  }

  #succeeded(attempt: Attempt, user: User, password: Uint8Array): void {
    this.#parts.limits.succeed(attempt);
    void this.#renewHash(user, password).catch(this.#parts.onError);
  }

  /** In the background: the answer to a user with an old hash is as fast as any other. */
  async #renewHash(user: User, password: Uint8Array): Promise<void> {
    const { users, gate, hasher } = this.#parts;
    if (!hasher.isOutdated(user.password)) return;
    const hash = await gate.run(() => hasher.hash(password));
    if (hash !== null) users.rehash(user, hash);
  }
}
