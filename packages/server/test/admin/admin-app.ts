// The server's routes with the admin page, in this process, and an administrator's browser without a screen.

import { join } from "node:path";
import { cookieTransport, memoryStore } from "sessile";
import type { SessionStore } from "sessile/store";
import { type TestClock, testClock } from "sessile/testing";
import { temporaryFolder } from "sessile-test-support/folder";
import { readPageFiles } from "#dist/console/page/page-files.js";
import { openAdmin } from "#dist/console/service.js";
import { ObservedManager } from "#dist/http/log/observed-manager.js";
import { KEY_SCOPES, type KeyScope } from "#dist/identity/keys/key-scopes.js";
import { KeyStore } from "#dist/identity/keys/key-store.js";
import { openSignIn } from "#dist/identity/sign-in/service.js";
import { makeUserFile, openUserFile, type UserFile } from "#dist/identity/users/user-file.js";
import { type User, UserStore } from "#dist/identity/users/user-store.js";
import { CHEAP, type Owner, PASSWORD } from "../sign-in/sign-in-app.ts";
import { type AppChoices, type AppUnderTest, startApp } from "../support/app.ts";

export interface AdminApp extends Omit<AppUnderTest, "close"> {
  readonly users: UserStore;
  /** The text of a new API key with every scope. */
  readonly makeKey: () => string;
  /** The file of the users. */
  readonly file: UserFile;
  /** Of the administrators' sessions. */
  readonly clock: TestClock;
  /** Of the sessions on the users' own page. */
  readonly sessionClock: TestClock;
  /** The user of this name. */
  readonly user: (name: string) => User;
  /** A client that is signed in on the admin page. */
  readonly operator: (name?: string) => Promise<PageClient>;
}

/** Starts it with the administrators `root` and `ruth`, and users `alice` and `bob`. */
export async function startAdminApp(
  owner: Owner,
  store: SessionStore = memoryStore(),
  clock: TestClock = testClock(),
  { keepFor = null, ...choices }: Pick<AppChoices, "verifyHeaders"> & { readonly keepFor?: number | null } = {},
): Promise<AdminApp> {
  const path = join(temporaryFolder(), "users.db");
  makeUserFile(path);
  const file = openUserFile(path, { synchronous: "NORMAL" });
  const sessionClock = testClock(Date.now());
  const users = new UserStore(file, clock.now);
  const hash = await CHEAP.hash(Buffer.from(PASSWORD));
  for (const name of ["root", "ruth", "alice", "bob"]) users.add(name, hash);
  const user = (name: string): User => users.find(name) as User;
  for (const name of ["root", "ruth"]) users.setAdmin(user(name), true);
  clock.advance(1);
  const longest = keepFor === null ? {} : { longest: { absolute: keepFor, idle: keepFor } };
  const app = await startApp({
    ...choices,
    manager: { store, ...longest },
    keys: path,
    trustProxy: ["127.0.0.1"],
    signIn: (manager, security) =>
      openSignIn({ path, manager, store, security, hasher: CHEAP, clock: clock.now, keepFor }),
    pages: async ({ signIn, store: sessions, ...parts }) => {
      const own = { users: path, store: "memory", clock: clock.now };
      const admin = await openAdmin({ ...parts, service: signIn, ...own });
      const cookie = cookieTransport();
      const options = { store: sessions, transports: [cookie], sweepInterval: 0, clock: sessionClock.now, ...longest };
      const account = {
        cookie,
        manager: new ObservedManager(options, parts.security),
        service: signIn,
        security: parts.security,
        files: readPageFiles(),
      };
      return { admin, account, close: admin.close };
    },
  });
  owner.after(async () => {
    app.app.server.closeAllConnections();
    await app.close();
    file.close();
  });
  const operator = async (name = "root"): Promise<PageClient> => {
    const client = new PageClient(app.url, "/admin/api");
    const { status } = await client.ask("POST", "/sign-in", { username: name, password: PASSWORD });
    if (status !== 200) throw new Error(`signing in was answered ${status}`);
    return client;
  };
  const makeKey = (): string => new KeyStore(file).add("all", Object.keys(KEY_SCOPES) as KeyScope[])?.key ?? "";
  return { ...app, users, makeKey, file, clock, sessionClock, user, operator };
}

/** Time as it is, for a browser that has it too. */
export const REAL_TIME: TestClock = { now: Date.now, advance: () => {} };

export interface PageAnswer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of any shape
  readonly body: any;
  readonly headers: Headers;
}

/** Sends requests as a browser does for a page of the server: with its cookie, and as coming from the page itself. */
export class PageClient {
  readonly #url: string;
  readonly #api: string;
  cookie = "";

  constructor(url: string, api: string) {
    this.#url = url;
    this.#api = api;
  }

  async ask(method: string, path: string, body?: object, headers: Record<string, string> = {}): Promise<PageAnswer> {
    const response = await fetch(this.#url + this.#api + path, {
      method,
      headers: {
        "sec-fetch-site": "same-origin",
        ...(this.cookie && { cookie: this.cookie }),
        ...(body && { "content-type": "application/json" }),
        ...headers,
      },
      ...(body && { body: JSON.stringify(body) }),
    });
    const set = response.headers.get("set-cookie");
    if (set !== null) this.cookie = /Max-Age=0/.test(set) ? "" : (set.split(";", 1)[0] as string);
    const text = await response.text();
    return { status: response.status, body: text === "" ? null : JSON.parse(text), headers: response.headers };
  }
}
