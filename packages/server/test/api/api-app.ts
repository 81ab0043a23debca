// The server's routes with API keys, and a program that uses them as one in any language would.

import { after } from "node:test";
import { bearerTransport, headerTransport } from "sessile";
import { KEY_SCOPES, type KeyScope } from "#dist/identity/keys/key-scopes.js";
import { KeyStore } from "#dist/identity/keys/key-store.js";
import { openUserFile } from "#dist/identity/users/user-file.js";
import { freshUserFile } from "../sign-in/sign-in-app.ts";
import { type AppChoices, type AppUnderTest, startApp } from "../support/app.ts";

export interface Reply {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: bodies of many shapes, each looked at by a test
  readonly body: any;
  readonly headers: Headers;
}

export interface Send {
  readonly key?: string | null;
  readonly token?: string;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

export interface ApiApp extends AppUnderTest {
  /** Sends with a key that may do everything, unless told otherwise. */
  readonly send: (method: string, path: string, options?: Send) => Promise<Reply>;
  readonly keys: KeyStore;
  readonly makeKey: (...scopes: KeyScope[]) => string;
  /** Begins a session and gives its token. */
  readonly begin: (userId: string, data?: object) => Promise<string>;
}

const open = new Set<ApiApp>();

/** A test that fails leaves its server open, and the process would wait for it. */
after(async () => {
  for (const api of open) await api.close();
});

export async function startApi(choices: AppChoices = {}): Promise<ApiApp> {
  const path = choices.keys ?? freshUserFile();
  const file = openUserFile(path, { synchronous: "NORMAL" });
  const keys = new KeyStore(file);
  const manager = { transports: [headerTransport(), bearerTransport()], ...choices.manager };
  const app = await startApp({ ...choices, manager, keys: path });
  let made = 0;
  const makeKey = (...scopes: KeyScope[]): string => keys.add(`key${made++}`, scopes)?.key ?? "";
  const every = makeKey(...(Object.keys(KEY_SCOPES) as KeyScope[]));
  const send = async (method: string, url: string, options: Send = {}): Promise<Reply> => {
    const { key = every, token, body, headers = {} } = options;
    const response = await fetch(app.url + url, {
      method,
      headers: {
        ...(key !== null && { "X-API-Key": key }),
        ...(token !== undefined && { "X-Session-Token": token }),
        ...(body !== undefined && { "Content-Type": "application/json" }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get("content-type")?.startsWith("application/json") === true;
    return {
      status: response.status,
      body: isJson && text !== "" ? JSON.parse(text) : text,
      headers: response.headers,
    };
  };
  const begin = async (userId: string, data: object = {}): Promise<string> => {
    const { body } = await send("POST", "/sessions", { body: { user_id: userId, data } });
    return body.session_token;
  };
  const close = async (): Promise<void> => {
    open.delete(api);
    await app.close();
    file.close();
  };
  const api = { ...app, send, keys, makeKey, begin, close };
  open.add(api);
  return api;
}
