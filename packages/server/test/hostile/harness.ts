// A server with every route and page, and a model of which sessions it must have. Knows no text.

import assert from "node:assert/strict";
import type { SessionStore } from "sessile/store";
import { type AdminApp, type PageClient, REAL_TIME, startAdminApp } from "../admin/admin-app.ts";
import type { Owner } from "../sign-in/sign-in-app.ts";

export interface Reply {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of any shape
  readonly body: any;
  readonly headers: Headers;
}

export interface Begun {
  readonly sid: string;
  readonly token: string;
}

/** Everything that ends a line, steers a terminal or turns text around. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
const UNSAFE = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/;

const METRIC = /^(?:#.*|[a-z_:]+(?:\{[a-z]+="[^"\\\n]*"(?:,[a-z]+="[^"\\\n]*")*\})? (?:[-+\d.e]+|NaN|[-+]Inf))$/i;

export class Harness {
  readonly app: AdminApp;
  readonly operator: PageClient;
  readonly #key: string;
  /** The sids of each user, by the model. */
  readonly #model = new Map<string, Set<string>>();

  private constructor(app: AdminApp, operator: PageClient) {
    this.app = app;
    this.operator = operator;
    this.#key = app.makeKey();
  }

  static async start(owner: Owner, store: SessionStore): Promise<Harness> {
    const app = await startAdminApp(owner, store, REAL_TIME, { verifyHeaders: [["note", "x-note"]] });
    return new Harness(app, await app.operator());
  }

  async api(method: string, path: string, body?: object, headers: Record<string, string> = {}): Promise<Reply> {
    const json = body && { "content-type": "application/json" };
    const response = await fetch(this.app.url + path, {
      method,
      headers: { "x-api-key": this.#key, ...json, ...headers },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get("content-type")?.startsWith("application/json") === true;
    return { status: response.status, body: isJson ? JSON.parse(text) : text, headers: response.headers };
  }

  async begin(userId: string, more: { data?: object; device?: string } = {}): Promise<Begun> {
    const { status, body } = await this.api("POST", "/sessions", { user_id: userId, ...more });
    assert.equal(status, 201, JSON.stringify([userId, body]).slice(0, 500));
    const sids = this.#model.get(userId) ?? new Set();
    this.#model.set(userId, sids.add(body.sid));
    return { sid: body.sid, token: body.session_token };
  }

  /** Takes sessions out of the model that are said to have ended. */
  ended(userId: string, sids: readonly string[]): void {
    for (const sid of sids) assert.ok(this.#model.get(userId)?.delete(sid));
  }

  sidsOf(userId: string): string[] {
    return [...(this.#model.get(userId) ?? [])];
  }

  /** The store has exactly the sessions of the model, each of its user. */
  async check(): Promise<void> {
    const found: string[] = [];
    let after: string | null = null;
    do {
      const { sessions, next } = await this.app.manager.listAll({ limit: 1000, ...(after !== null && { after }) });
      found.push(...sessions.map(({ sid, userId }) => `${sid} ${userId}`));
      after = next;
    } while (after !== null);
    const expected = [...this.#model].flatMap(([userId, sids]) => [...sids].map((sid) => `${sid} ${userId}`));
    assert.deepEqual([...new Set(found)].sort(), expected.sort());
  }

  /** The server lives, every line of its log is JSON without anything unsafe in it, and its figures can be read. */
  async checkHealth(): Promise<void> {
    assert.equal((await this.api("GET", "/health/live")).status, 200);
    for (const line of this.app.log().split("\n").filter(Boolean)) {
      assert.equal(typeof JSON.parse(line), "object");
      assert.doesNotMatch(line, UNSAFE);
    }
    this.app.clearLog();
    const { status, body } = await this.api("GET", "/metrics");
    assert.equal(status, 200);
    for (const line of String(body).split("\n").filter(Boolean)) assert.match(line, METRIC);
  }
}
