// Whole requests at the server's routes: no answer of the kind 5xx, and nothing of a token in the log.

import assert from "node:assert/strict";
import fc from "fast-check";
import Fastify, { type FastifyInstance, type InjectOptions } from "fastify";
import type { Property } from "sessile-test-support/properties";
import { readJsonBodies } from "#dist/http/bodies.js";
import { type AppUnderTest, startApp } from "../support/app.ts";
import { hostile } from "./inputs.ts";

const METHODS = ["GET", "POST", "DELETE", "PUT", "HEAD", "OPTIONS", "PATCH"] as const;
const PATHS = [
  "/login",
  "/logout",
  "/profile",
  "/me/sessions",
  "/me/sessions/end",
  "/health/live",
  "/verify",
  "/verify/envoy/TOKEN",
  "/sessions",
  "/sessions/current",
  "/sessions?user_id=SID",
  "/sessions/end",
  "/metrics",
  "/docs/static/TOKEN",
];
const HEADERS = [
  "x-session-token",
  "authorization",
  "cookie",
  "content-type",
  "accept",
  "user-agent",
  "x-forwarded-for",
  "x-forwarded-method",
  "x-api-key",
  "if-match",
  "origin",
  "content-length",
  "__proto__",
];

const tokenSpelled = fc.constantFrom("TOKEN", "Bearer TOKEN", "ENCODED", "SID", "SECRET");
const path = fc.tuple(fc.constantFrom(...PATHS), hostile(tokenSpelled)).map(([path, rest]) => `${path}${rest}`);
const url = fc.oneof(
  fc.constantFrom(...PATHS),
  path,
  hostile(tokenSpelled, fc.constantFrom("/", "?limit=", "&after=")).map((rest) => `/${rest}`),
);
const headers = fc.dictionary(fc.constantFrom(...HEADERS), hostile(tokenSpelled, fc.constantFrom("application/json")), {
  maxKeys: 4,
});
const body = fc.oneof(
  hostile(),
  fc.json(),
  fc.uint8Array({ maxLength: 50 }).map((bytes) => Buffer.from(bytes)),
);

let started: Promise<AppUnderTest> | undefined;

export const httpProperties: readonly Property[] = [
  {
    name: "P5, N1: whatever is asked of the server, it answers without 5xx, and its log at trace holds no token",
    cases: 20_000,
    make: () =>
      fc.asyncProperty(fc.constantFrom(...METHODS), url, headers, body, async (method, url, headers, body) => {
        started ??= startApp();
        const { app, log, clearLog } = await started;
        const { token } = await (await started).mint("1");
        clearLog();
        const fill = (text: string): string => withToken(text, token);
        const filled = Object.fromEntries(
          Object.entries(headers).map(([name, value]) => [name, fill(value).replace(/[^\x20-\x7e]/g, "?")]),
        );
        const answer = await inject(app, {
          method,
          url: asTarget(fill(url)),
          headers: filled,
          ...(method !== "GET" && { payload: body }),
        });
        assert.ok(answer.statusCode < 500, `${answer.statusCode} ${answer.body}`);
        assertSilent(log(), token);
      }),
  },
  {
    name: "G5, M2: a JSON body is parsed without a __proto__ key, or it is a 4xx",
    cases: 20_000,
    make: () => {
      const app = Fastify();
      readJsonBodies(app);
      app.post("/", async ({ body }) => {
        assertHarmless(body);
        return { ok: true };
      });
      const deep = fc.nat(40).map((depth) => "[".repeat(depth) + "]".repeat(depth));
      const proto = fc.constantFrom(
        '{"__proto__":{}}',
        '{"a":[{"\\u005f_proto__":1}]}',
        '{"constructor":{"prototype":1}}',
      );
      return fc.asyncProperty(fc.oneof(body, deep, proto), async (payload) => {
        const headers = { "content-type": "application/json" };
        const { statusCode } = await app.inject({ method: "POST", url: "/", headers, payload: payload as Buffer });
        assert.ok(statusCode === 200 || (statusCode >= 400 && statusCode < 500), String(statusCode));
      });
    },
  },
];

/** Ends the server that the properties share. */
export async function closeApp(): Promise<void> {
  await (await started)?.close();
}

async function inject(app: FastifyInstance, options: InjectOptions): Promise<{ statusCode: number; body: string }> {
  const { statusCode, body } = await app.inject(options);
  return { statusCode, body };
}

function withToken(text: string, token: string): string {
  const encoded = [...token].map((each) => `%${each.charCodeAt(0).toString(16)}`).join("");
  return text
    .replaceAll("TOKEN", token)
    .replaceAll("ENCODED", encoded)
    .replaceAll("SECRET", token.slice(26, 70))
    .replaceAll("SID", token.slice(4, 26));
}

/** A request target as it comes over the wire: visible ASCII, and no `//` in front, which `inject` takes for a host. */
function asTarget(text: string): string {
  return text
    .replace(/^\/[\\/]+/, "/")
    .replace(/[^\x21-\x7e]/g, (each) => (each.isWellFormed() ? encodeURIComponent(each) : "%ED"));
}

/** The whole secret, as it is or as a URL spells it. */
function assertSilent(text: string, token: string): void {
  const decoded = text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  for (const each of [text, decoded])
    assert.ok(!each.includes(token.slice(26, 70)), each.replaceAll(token.slice(26, 69), "<secret>"));
}

function assertHarmless(value: unknown): void {
  if (typeof value !== "object" || value === null) return;
  assert.ok(!Object.hasOwn(value, "__proto__"));
  for (const item of Object.values(value)) assertHarmless(item);
}
