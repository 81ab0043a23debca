// The server's routes with users: cheap hashes that are counted, a clock that only tests move, clients of any address.

import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { memoryStore } from "sessile";
import type { SessionStore } from "sessile/store";
import { countingStore, type TestClock, testClock } from "sessile/testing";
import { temporaryFolder } from "sessile-test-support/folder";
import type { DelayRules } from "#dist/identity/sign-in/delay.js";
import type { HashGate } from "#dist/identity/sign-in/hash-gate.js";
import { openSignIn, type SignInService } from "#dist/identity/sign-in/service.js";
import { type Derive, PasswordHasher } from "#dist/identity/users/password-hash.js";
import { makeUserFile, openUserFile, type UserFile } from "#dist/identity/users/user-file.js";
import { UserStore } from "#dist/identity/users/user-store.js";
import { type AppChoices, type AppUnderTest, startApp } from "../support/app.ts";

export const PASSWORD = "correct horse battery staple";
export const LN = 5;

export interface SignInApp extends Omit<AppUnderTest, "close"> {
  readonly clock: TestClock;
  readonly path: string;
  /** The costs of the hashes that were computed. */
  readonly hashed: number[];
  readonly counts: ReturnType<typeof countingStore>;
  /** A connection of the test's own. */
  readonly file: UserFile;
  readonly users: UserStore;
  readonly service: () => SignInService;
}

export interface SignInChoices {
  readonly path?: string;
  readonly rules?: DelayRules;
  readonly gate?: HashGate;
  readonly clock?: TestClock;
  readonly store?: SessionStore;
  /** How long a client may ask to stay signed in. */
  readonly keepFor?: number;
  /** Instead of the cheap one that is counted. */
  readonly hasher?: PasswordHasher;
  /** More of the manager's options. */
  readonly manager?: AppChoices["manager"];
  /** Runs before each hash, for tests that hold it up. */
  readonly beforeHash?: () => Promise<void>;
}

/** Never in the way. */
export const NO_DELAYS: DelayRules = (() => {
  const never = {
    free: Number.POSITIVE_INFINITY,
    first: 0,
    longest: 0,
    most: Number.POSITIVE_INFINITY,
    forgetAfter: 1,
  };
  return { stranger: never, known: never, account: never, network: never, delegated: never, site: never };
})();

/** A real derivation of low cost. */
export const CHEAP = new PasswordHasher({ ln: LN });

export function freshUserFile(): string {
  const path = join(temporaryFolder(), "users.db");
  makeUserFile(path);
  return path;
}

/** The test, or its file, at whose end the server is closed: also when it fails. */
export interface Owner {
  readonly after: (close: () => Promise<void>) => void;
}

/** Starts the server with a user `alice`, enabled, and a user `dora`, disabled, both with `PASSWORD`. */
export async function startSignIn(owner: Owner, choices: SignInChoices = {}): Promise<SignInApp> {
  const { path = freshUserFile(), clock = testClock() } = choices;
  const file = openUserFile(path, { synchronous: "NORMAL" });
  const users = new UserStore(file, clock.now);
  await addUsers(users);
  const hashed: number[] = [];
  const cheap = new PasswordHasher({ ln: LN, derive: countingDerive(hashed, choices.beforeHash) });
  const counts = countingStore(choices.store ?? memoryStore());
  let service: SignInService | undefined;
  const app = await startApp({
    manager: { store: counts, clock: clock.now, ...choices.manager },
    trustProxy: ["127.0.0.1"],
    signIn: async (manager, security) => {
      const { rules, gate, hasher = cheap, keepFor = null } = choices;
      const options = { path, manager, store: counts, security, hasher, keepFor, clock: clock.now };
      service = await openSignIn({ ...options, ...(rules && { rules }), ...(gate && { gate }) });
      return service;
    },
  });
  owner.after(async () => {
    app.app.server.closeAllConnections();
    await app.close();
    file.close();
  });
  return { ...app, clock, path, hashed, counts, file, users, service: () => service as SignInService };
}

async function addUsers(users: UserStore): Promise<void> {
  if (users.find("alice") !== null) return;
  const hash = await CHEAP.hash(Buffer.from(PASSWORD));
  users.add("alice", hash);
  users.add("dora", hash);
  const dora = users.find("dora");
  if (dora !== null) users.disable(dora);
}

/** Answers with real hashes for cheap ones of the test, and with noise for anything dearer. */
function countingDerive(hashed: number[], before: () => Promise<void> = async () => {}): Derive {
  return async (password, salt, ln) => {
    hashed.push(ln);
    await before();
    if (ln > LN) return randomBytes(32);
    return deriveOf(password, salt, ln);
  };
}

async function deriveOf(password: Uint8Array, salt: Uint8Array, ln: number): Promise<Buffer> {
  const { scryptSync } = await import("node:crypto");
  return scryptSync(password, salt, 32, { N: 2 ** ln, r: 8, p: 1 });
}

export interface Reply {
  readonly status: number;
  readonly body: { session_token?: string; detail?: unknown };
  readonly headers: Headers;
}

/** `POST /login` from `address`. */
export function login(url: string, username: unknown, password: unknown, address = "192.0.2.1"): Promise<Reply> {
  return post(url, "/login", { username, password }, { "X-Forwarded-For": address });
}

export async function post(
  url: string,
  path: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<Reply> {
  const response = await fetch(url + path, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: typeof body === "string" || body instanceof Uint8Array ? (body as string) : JSON.stringify(body),
  });
  const answer = (await response.json()) as Reply["body"];
  return { status: response.status, body: answer, headers: response.headers };
}
