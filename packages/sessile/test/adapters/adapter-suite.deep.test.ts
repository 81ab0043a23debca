// The suite is trusted because bad adapters fail it: a plain one passes, and the same with one fault does not.

import assert from "node:assert/strict";
import {
  createServer,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type ServerResponse,
  validateHeaderValue,
} from "node:http";
import { pipeline, Readable } from "node:stream";
import { describe, test } from "node:test";
import { isSessionError, type Session, type SessionData, type SessionManager } from "sessile";
import type { OpenSession, SessionResponse } from "sessile/adapter";
import { adapterChecks, type StartServer, type SuiteAnswer, type SuiteRoute } from "sessile/testing";
import { type Answer, answerTo, FAILURE, notSignedIn } from "#dist/adapters/shared/answer.js";
import { listen } from "./support/listen.ts";
import { routeOf } from "./support/routes.ts";
import { iteratorOf } from "./support/to-response.ts";

const REQUIRE =
  "`session.require()` refuses as the guard does, logs nothing, and returns the session of a signed-in user";

/** Faults of adapters, and the checks that must find them. */
const FAULTS = {
  "answers before it commits": [
    "no byte of the response of /key?name=a leaves before the store has confirmed",
    "F1: a sign-out that the handler does not wait for is answered only when the store has confirmed it",
  ],
  "cuts the connection of every change": "F4: parallel requests that add one to a counter lose nothing",
  "commits every status as 200": [
    "a response with status 500 keeps nothing",
    "a flash message stays until a page shows it: redirects, thrown ones too, and failures leave it",
  ],
  "commits a redirect as 200":
    "a flash message stays until a page shows it: redirects, thrown ones too, and failures leave it",
  "commits a refusal as a redirect":
    "a flash message stays until a page shows it: redirects, thrown ones too, and failures leave it",
  "commits what a handler that threw had written": "a handler that throws keeps nothing and is a 500",
  "takes a thrown redirect for a failure":
    "thrown redirects and responses: a redirect after a sign-in goes out as it is, with the new token",
  "takes a thrown status for a failure":
    "thrown redirects and responses: one with status 404 keeps its status, and what was written",
  "keeps what was written before a thrown 503":
    "thrown redirects and responses: one with status 503 keeps its status, and nothing",
  "forgets the sign-out of a handler that threw": [
    "a sign-out stands although the handler throws afterwards, and the cookie is cleared",
    "D10: an elevation hands out a new token of the same session, which alone is fresh: /elevate?throw=yes",
  ],
  "replaces the application's cookies": "H8: the application's own cookies and Vary survive",
  "keeps every cookie for a day":
    "E11: a session that ends with the browser has a cookie without Max-Age and Expires, also after a rotation",
  "replaces the application's Vary": "H8: the application's own cookies and Vary survive",
  "sees only the first of repeated headers": "B4: two different credentials are a 400, whatever carries them",
  "drops the cookies of a refusal":
    "B4: the 400 of two cookies expires the one that this configuration would not have set, and that alone",
  "does not hand over the host": "I1: a cross-site request with the cookie is a 403, with the header it is none",
  "calls every method GET": "I1: a cross-site request with the cookie is a 403, with the header it is none",
  "takes store trouble for an anonymous request":
    "P1: a store that is down is a 503 with Retry-After, never a 401, and the cookie stays",
  "answers as if a failed commit had worked": [
    "P1: a commit that fails turns the response of /key?name=a into a whole, clean 503",
    "a sign-out, sign-in or commit that fails and that the handler does not wait for is a 503, and harms no process",
    "a sign-in of no user that the handler does not wait for is a 500, and signs no user in or out",
  ],
  "clears the cookie with every 503":
    "F1: a sign-out that the store did not confirm is a 503 that keeps the cookie, until a later try is confirmed",
  "clears the cookie of every sign-out":
    "a write after a sign-out begins a session: one cookie, nothing of the old one, and no late request revives that",
  "sends two tokens by the header": "a write after a sign-out sends one token by the header as well",
  "drops the session's cookies of a 503":
    "a write after a sign-out begins nothing where the sign-out fails, and where it cannot be stored, that stands",
  "answers every failure of the store alike":
    "F1: a sign-out that the store did not confirm is a 503 that keeps the cookie, until a later try is confirmed",
  "sends the handler's headers with its 503":
    "P1: a commit that fails turns the response of /key?name=a into a whole, clean 503",
  "keeps the stream that it does not send":
    "P1: a commit that fails turns the response of /big into a whole, clean 503",
  "runs the handler although a guard answered":
    "a guard that answers keeps the handler from running, also while the store is slow because a value is set",
  "hands a copy of the session over, which takes any property":
    "a property written on the session is a 500 instead of being lost, and what was there stays",
  "answers a demand for a session as a failure": [REQUIRE],
  "does not know the credential of a demanded session": [REQUIRE],
  "logs every error of a handler": [REQUIRE],
  "hands an object over that shows the token":
    "the session in a log or an answer shows its sid, its user and its keys, and no token",
  "finds out too late that a header cannot be sent": [
    "an answer with a header that cannot be sent is a 500 that keeps nothing",
    "a thrown redirect that cannot be sent, after a sign-in, is a 500 that leaves no session and sends no token",
  ],
  "answers 500 for a body that fails, after it has committed":
    "a body that fails before its first byte keeps nothing when the client is answered 500",
  "gathers a body before it sends it":
    "the first chunk of a live body arrives before the second is made, once the session is stored",
  "has no guard": "B9: without a credential the 401 has a plain challenge",
  "drops the session's headers of a 401":
    "H7: a response that looked at the session carries no-store and varies by every transport",
  "shows the session no header of the application": "no-transform of the application stays beside no-store",
  "replaces an explicit private": "an explicit private of the application stays, unless the response carries a token",
  "lets the application's Cache-Control win":
    "H7: a file that any cache may store is stored nowhere once it depends on the session",
  "keeps every response from caches":
    "H7: without a credential, a response that looked at the session varies by every transport, and may be cached",
} as const;

const TOKEN = `ses_${"a".repeat(72)}`;

type Fault = keyof typeof FAULTS | "none";

async function failuresOf(fault: Fault): Promise<string[]> {
  const failed: string[] = [];
  for (const check of adapterChecks) await check.run(adapterWith(fault)).catch(() => failed.push(check.name));
  return failed;
}

describe("adapterSuite", () => {
  test("a plain adapter passes", async () => assert.deepEqual(await failuresOf("none"), []));

  for (const [fault, checks] of Object.entries(FAULTS) as [keyof typeof FAULTS, string | string[]][]) {
    test(`an adapter that ${fault} fails`, async () => {
      const failed = await failuresOf(fault);
      for (const check of [checks].flat()) assert.ok(failed.includes(check), `failed only ${JSON.stringify(failed)}`);
    });
  }
});

test("a check that fails while requests are under way leaves no promise without a handler, and ends", async () => {
  const unhandled: unknown[] = [];
  const note = (reason: unknown): void => void unhandled.push(reason);
  process.on("unhandledRejection", note);
  try {
    for (const fault of ["cuts the connection of every change", "answers before it commits"] as const) {
      assert.ok((await failuresOf(fault)).length > 5);
      await new Promise(setImmediate);
    }
  } finally {
    process.off("unhandledRejection", note);
  }
  assert.deepEqual(unhandled, []);
});

function adapterWith(fault: Fault): StartServer {
  return (manager, routes) =>
    listen(createServer((request, response) => void serve(fault, manager, routes, request, response)));
}

async function serve(
  fault: Fault,
  manager: SessionManager,
  routes: readonly SuiteRoute[],
  request: IncomingMessage,
  response: ServerResponse,
) {
  const route = routeOf(routes, request.method, request.url) as SuiteRoute;
  if (fault === "cuts the connection of every change" && route.method === "POST" && route.path !== "/login")
    return void request.socket.destroy();
  const opened = await open(fault, manager, request);
  if (!("session" in opened)) return write(response, faulty(fault, opened));
  const { answer, threw } = await run(fault, route, opened.session, request.url ?? "/");
  const headers: OutgoingHttpHeaders = { ...(answer.headers as OutgoingHttpHeaders) };
  if (fault === "answers before it commits") write(response, answer);
  if (threw && fault === "forgets the sign-out of a handler that threw") return write(response, answer);
  const status =
    fault === "commits every status as 200" ||
    (fault === "commits a redirect as 200" && answer.status === 303) ||
    (fault === "keeps what was written before a thrown 503" && answer.isThrown) ||
    (threw && fault === "commits what a handler that threw had written")
      ? 200
      : fault === "commits a refusal as a redirect" && answer.status === 422
        ? 303
        : answer.status;
  try {
    await opened.commit(
      status ?? 200,
      headersInto(fault, answer.status === 401 && fault === "drops the session's headers of a 401" ? {} : headers),
    );
  } catch (error) {
    if (fault === "answers as if a failed commit had worked") return write(response, answer);
    if (typeof answer.body === "object" && fault !== "keeps the stream that it does not send")
      void iteratorOf(answer.body).return?.();
    const instead = faulty(fault, answerTo(error) ?? FAILURE);
    const cookies = fault === "drops the session's cookies of a 503" ? [] : ours(headers["set-cookie"]);
    const kept = fault === "sends the handler's headers with its 503" ? headers : { "set-cookie": cookies };
    return write(response, { ...instead, headers: { ...kept, ...instead.headers } as SuiteAnswer["headers"] & object });
  }
  if (fault === "clears the cookie of every sign-out" && route.path.startsWith("/logout"))
    headers["set-cookie"] = [headers["set-cookie"] ?? [], "__Host-session=; Max-Age=0; Path=/"].flat().map(String);
  if (fault === "keeps every response from caches" || (fault === "replaces an explicit private" && "vary" in headers))
    headers["cache-control"] = "no-store";
  if ("x-bad" in headers || String(headers["location"]).includes("\n")) return write(response, FAILURE);
  if (fault === "answers 500 for a body that fails, after it has committed" && route.path === "/broken-at-once")
    return write(response, FAILURE);
  const body = fault === "gathers a body before it sends it" ? await gathered(answer.body) : answer.body;
  write(response, {
    ...answer,
    ...(body !== undefined && { body }),
    headers: headers as SuiteAnswer["headers"] & object,
  });
}

async function open(
  fault: Fault,
  manager: SessionManager,
  { method = "GET", url = "/", headers, rawHeaders }: IncomingMessage,
): Promise<OpenSession<SessionData> | SuiteAnswer> {
  const lines = (name: string): string[] =>
    rawHeaders.filter((_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === name);
  const header = (name: string): string | undefined => {
    if (name === "host" && fault === "does not hand over the host") return undefined;
    if (name === "authorization" && fault !== "sees only the first of repeated headers")
      return lines(name).join(", ") || undefined;
    return [headers[name]].flat().join(", ") || undefined;
  };
  const request = {
    method: fault === "calls every method GET" ? "GET" : method,
    path: url.split("?")[0] as string,
    header,
  };
  try {
    return await manager.open(request);
  } catch (error) {
    const isTrouble = isSessionError(error, "ERR_SESSION_STORE");
    if (isTrouble && fault === "takes store trouble for an anonymous request") return notSignedIn();
    const answer = answerTo(error) ?? FAILURE;
    return fault === "drops the cookies of a refusal" ? answer : withCookies(answer);
  }
}

async function run(
  fault: Fault,
  route: SuiteRoute,
  session: Session,
  url: string,
): Promise<{ answer: SuiteAnswer; threw: boolean }> {
  try {
    const isRefused = route.isGuarded && !session.isSignedIn() && fault !== "has no guard";
    const refusal = isRefused ? notSignedIn(session) : await route.guard?.({ session, url });
    if (refusal != null && fault !== "runs the handler although a guard answered")
      return { answer: refusal, threw: false };
    const answer = await route.answer({ session: handed(fault, session), url });
    if (fault !== "finds out too late that a header cannot be sent") checkHeaders(answer);
    if (answer.isThrown === true) throw answer;
    return { answer: refusal ?? answer, threw: false };
  } catch (error) {
    if (isThrownAnswer(error)) return { answer: takeThrown(fault, error), threw: false };
    if (fault === "logs every error of a handler") console.error(error);
    if (isSessionError(error, "ERR_SESSION_REQUIRED")) {
      if (fault === "answers a demand for a session as a failure") return { answer: FAILURE, threw: true };
      if (fault === "does not know the credential of a demanded session") return { answer: notSignedIn(), threw: true };
    }
    return { answer: faulty(fault, answerTo(error, session) ?? FAILURE), threw: true };
  }
}

/** The session as a handler gets it. */
function handed(fault: Fault, session: Session): Session {
  const own: Record<PropertyKey, unknown> =
    fault === "hands an object over that shows the token" ? { toJSON: () => TOKEN } : {};
  if (!("toJSON" in own) && fault !== "hands a copy of the session over, which takes any property") return session;
  return new Proxy(session, {
    get(target, name) {
      const value = name in own ? own[name] : (Reflect.get(target, name, target) as unknown);
      return typeof value === "function" ? value.bind(target) : value;
    },
    set: (_target, name, value) => Reflect.set(own, name, value),
  });
}

function isThrownAnswer(value: unknown): value is SuiteAnswer {
  return (value as SuiteAnswer).isThrown === true;
}

function takeThrown(fault: Fault, answer: SuiteAnswer): SuiteAnswer {
  const isFailure =
    answer.headers?.["location"] === undefined
      ? fault === "takes a thrown status for a failure"
      : fault === "takes a thrown redirect for a failure";
  return isFailure ? FAILURE : answer;
}

function faulty(fault: Fault, answer: SuiteAnswer): SuiteAnswer {
  if (answer.status !== 503) return answer;
  const cleared = { ...answer.headers, "set-cookie": "__Host-session=; Max-Age=0; Path=/" };
  if (fault === "clears the cookie with every 503") return { ...answer, headers: cleared };
  if (fault === "answers every failure of the store alike")
    return { ...answer, body: '{"detail":"Service unavailable"}' };
  return answer;
}

function headersInto(fault: Fault, headers: OutgoingHttpHeaders): SessionResponse {
  return {
    get: (name) => (fault === "shows the session no header of the application" ? undefined : headers[name]?.toString()),
    set(name, value) {
      if (name in headers && fault === "lets the application's Cache-Control win") return;
      headers[name] = name === "x-session-token" && fault === "sends two tokens by the header" ? [TOKEN, value] : value;
    },
    append(name, text) {
      const present = headers[name];
      const isEndless = name === "set-cookie" && !text.includes("Max-Age");
      const value = isEndless && fault === "keeps every cookie for a day" ? `${text}; Max-Age=86400` : text;
      if (name === "set-cookie")
        headers[name] =
          fault === "replaces the application's cookies" ? [value] : [present ?? [], value].flat().map(String);
      else
        headers[name] =
          present === undefined || fault === "replaces the application's Vary" ? value : `${present}, ${value}`;
    },
  };
}

/** The cookies of the session among others. */
function ours(cookies: unknown): string[] {
  return [cookies ?? []]
    .flat()
    .map(String)
    .filter((cookie) => cookie.startsWith("__Host-"));
}

function withCookies({ cookies, ...answer }: Answer): SuiteAnswer {
  return { ...answer, headers: { ...answer.headers, ...(cookies.length > 0 && { "set-cookie": cookies }) } };
}

function write(response: ServerResponse, { status = 200, headers = {}, body }: SuiteAnswer): void {
  if (response.headersSent) return;
  response.writeHead(status, headers as OutgoingHttpHeaders);
  if (body === undefined || typeof body === "string") response.end(body);
  else pipeline(Readable.from(body), response, () => {}); // a body that breaks off cuts the connection
}

async function gathered(body: SuiteAnswer["body"]): Promise<SuiteAnswer["body"]> {
  if (typeof body !== "object" || !(Symbol.asyncIterator in body)) return body;
  return Readable.from(body)
    .toArray()
    .catch(() => []);
}

/** Throws when one of them cannot be sent: before the commit, or a 500 would keep what was written. */
function checkHeaders({ headers = {} }: SuiteAnswer): void {
  for (const [name, values] of Object.entries(headers))
    for (const value of [values].flat()) validateHeaderValue(name, String(value));
}
