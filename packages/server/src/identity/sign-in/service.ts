// The parts of signing in with a password, opened from the file of the users and closed together.

import type { FastifyInstance } from "fastify";
import type { SessionManager } from "sessile";
import type { SessionStore } from "sessile/store";
import { readJsonBodies } from "../../http/bodies.ts";
import { describeError } from "../../http/log/describe-error.ts";
import type { SecurityLog } from "../../http/log/security-log.ts";
import type { StoreEntry } from "../users/endings.ts";
import { PasswordHasher } from "../users/password-hash.ts";
import { atStart, openUserFile, setLockWait } from "../users/user-file.ts";
import { UserStore } from "../users/user-store.ts";
import { AttemptLimits, type LimitOptions } from "./attempt-limits.ts";
import { endDemoSessions } from "./end-demo.ts";
import { HashGate } from "./hash-gate.ts";
import { loginRoute } from "./login-route.ts";
import { passwordRoute } from "./password-route.ts";
import { SessionEnder } from "./session-ender.ts";
import { SignIn } from "./sign-in.ts";
import { entryInMemory, isInMemory } from "./store-entry.ts";

export interface SignInService {
  readonly users: UserStore;
  readonly signIn: SignIn;
  readonly ender: SessionEnder;
  /** The name of the session store in the file of the users. */
  readonly storeName: string;
  readonly clock: () => number;
  /** Milliseconds that a client stays signed in on request; `null` where that is not offered. */
  readonly keepFor: number | null;
  readonly close: () => void;
}

export interface ServiceOptions extends LimitOptions {
  readonly path: string;
  readonly manager: SessionManager;
  /** The manager's store, to find the demo's sessions. */
  readonly store: Pick<SessionStore, "list">;
  /** The store's name among servers with these users; default a name for the memory of this process. */
  readonly entry?: StoreEntry;
  readonly security: SecurityLog;
  /** The manager's longest session, if it is longer than the usual one. Default `null`. */
  readonly keepFor?: number | null;
  /** Tests use a cheaper one. */
  readonly hasher?: PasswordHasher;
  readonly gate?: HashGate;
}

const DAY = 86_400_000;

/** Other processes write for a few milliseconds; a longer wait would hold up every request. */
const LOCK_WAIT = 25;

/**
 * Opens the file of the users, which must exist. Ends the sessions that are still to end, and those that the demo began
 * on the same store. Throws `UsageError` when the file cannot be opened.
 */
export async function openSignIn(options: ServiceOptions): Promise<SignInService> {
  const { path, manager, store, security, clock = Date.now, rules, keepFor = null } = options;
  const { hasher = new PasswordHasher(), gate = new HashGate(), entry = entryInMemory(DAY) } = options;
  const userFile = openUserFile(path, { synchronous: "FULL" });
  // A connection of their own without a wait for the disk: attempts that a power loss forgets are soon counted again.
  const attemptFile = openUserFile(path, { synchronous: "NORMAL" });
  const onError = (error: unknown): void =>
    security.write("storeFailed", { actor: "server", operation: "change a user", reason: describeError(error) });
  const users = atStart(path, () => new UserStore(userFile, clock));
  const limits = atStart(path, () => new AttemptLimits(attemptFile, { clock, ...(rules !== undefined && { rules }) }));
  const ender = new SessionEnder({ endings: users.endings, manager, store: entry, clock, onError });
  const close = (): void => {
    ender.stop(isInMemory(entry));
    attemptFile.close();
    userFile.close();
  };
  await endDemoSessions(store, manager);
  await ender.start();
  for (const file of [userFile, attemptFile]) setLockWait(file, LOCK_WAIT);
  const signIn = new SignIn({ users, limits, gate, hasher, onError });
  return { users, signIn, ender, storeName: entry.name, clock, keepFor, close };
}

/** `POST /login` and `POST /password`. They take only JSON, which a form of another site cannot send. */
export async function signInRoutes(app: FastifyInstance, service: SignInService, security: SecurityLog): Promise<void> {
  await app.register(async (scope) => {
    readJsonBodies(scope);
    loginRoute(scope, { service, security });
    passwordRoute(scope, { service, security });
  });
}
