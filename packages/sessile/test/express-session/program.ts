// A program with express-session, as it is: its middleware on a real server, and browsers that keep its cookies.

import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";

const load = createRequire(import.meta.url);

// biome-ignore-start lint/suspicious/noExplicitAny: `@types/express-session` gives `req.session` another type than
// ours.
export const session = load("express-session") as any;
export type Handler = (request: any, response: any, next: (error?: unknown) => void) => unknown;
type Application = ((...args: any[]) => void) & {
  use(...handlers: any[]): void;
  get(path: string, handler: any): void;
};
// biome-ignore-end lint/suspicious/noExplicitAny: see above

export const SECRET = "a secret of the program";

/** The usual options, as Passport's tutorial has them. */
export const USUAL = { secret: SECRET, resave: false, saveUninitialized: false };

export interface Answer {
  readonly status: number;
  readonly text: string;
  readonly location: string | null;
  /** The line that set the cookie; `null` without one. */
  readonly cookie: string | null;
}

/** The cookies of one browser, sent with each request. */
export class Browser {
  readonly #url: string;
  #cookies = new Map<string, string>();

  constructor(url: string) {
    this.#url = url;
  }

  /** The header `Cookie` of the next request. */
  get cookies(): string {
    return [...this.#cookies].map(([name, value]) => `${name}=${value}`).join("; ");
  }

  async get(path: string, init: RequestInit = {}): Promise<Answer> {
    const response = await fetch(new URL(path, this.#url), {
      redirect: "manual",
      ...init,
      headers: { ...(init.headers as Record<string, string>), cookie: this.cookies },
    });
    const lines = response.headers.getSetCookie();
    for (const line of lines) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (value === "") this.#cookies.delete(name);
      else this.#cookies.set(name, value);
    }
    const { status, headers } = response;
    return { status, text: await response.text(), location: headers.get("location"), cookie: lines[0] ?? null };
  }

  post(path: string, fields: Record<string, string> = {}, headers: Record<string, string> = {}): Promise<Answer> {
    return this.get(path, { method: "POST", body: new URLSearchParams(fields), headers });
  }

  /** Follows redirects within the program. */
  async follow(path: string): Promise<Answer> {
    const answer = await this.get(path);
    return answer.location === null ? answer : this.follow(answer.location);
  }

  /** Another tab, or a thief, with the cookies of now. */
  copy(): Browser {
    const copy = new Browser(this.#url);
    copy.#cookies = new Map(this.#cookies);
    return copy;
  }
}

export interface Program {
  readonly url: string;
  browser(): Browser;
  close(): Promise<void>;
}

/**
 * Serves `routes` below the middleware of express-session, by the Express of this name. Errors are answered in words.
 */
export async function serve(
  store: object | undefined,
  routes: Record<string, Handler> | ((app: Application) => void),
  { express = "express", test, ...options }: { express?: string; test?: TestContext; [option: string]: unknown } = {},
): Promise<Program> {
  const app = load(express)() as Application;
  app.use(session({ ...USUAL, store, ...options }));
  if (typeof routes === "function") routes(app);
  else for (const [path, handler] of Object.entries(routes)) app.get(path, handler);
  app.use(answerInWords);
  const program = await listen(createServer(app));
  test?.after(() => program.close());
  return program;
}

/** Express counts the parameters of its error handlers. */
function answerInWords(
  error: { status?: number; message: string },
  _request: unknown,
  response: Parameters<Handler>[1],
  next: () => void,
): void {
  if (response.headersSent) next();
  else response.status(error.status ?? Math.max(response.statusCode, 400)).send(error.message);
}

export async function listen(server: Server): Promise<Program> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    browser: () => new Browser(url),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** Calls a method that takes a callback. */
// biome-ignore lint/suspicious/noExplicitAny: as the types of express-session have it.
export function call<T = any>(run: (callback: (error?: unknown, value?: any) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => run((error, value) => (error == null ? resolve(value as T) : reject(error))));
}
