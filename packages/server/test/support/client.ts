// A client of the original system, written as its users write it.

import assert from "node:assert/strict";

export interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers: Headers;
}

export async function call(
  url: string,
  method: string,
  path: string,
  headers: Record<string, string> = {},
  body?: object,
): Promise<Answer> {
  const json = body && { headers: { "content-type": "application/json", ...headers }, body: JSON.stringify(body) };
  const response = await fetch(url + path, { method, headers, ...json });
  const text = await response.text();
  const isText = response.headers.get("content-type")?.startsWith("text/") === true;
  const answer: unknown = text === "" ? null : isText ? text : JSON.parse(text);
  return { status: response.status, body: answer, headers: response.headers };
}

export async function signIn(url: string): Promise<string> {
  const { status, body } = await call(url, "POST", "/login");
  assert.equal(status, 200);
  return (body as { session_token: string }).session_token;
}

export function profile(url: string, token: string): Promise<Answer> {
  return call(url, "GET", "/profile", { "X-Session-Token": token });
}

export function signOut(url: string, token: string): Promise<Answer> {
  return call(url, "POST", "/logout", { "X-Session-Token": token });
}
